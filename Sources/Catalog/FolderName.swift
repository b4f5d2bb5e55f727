/// Names of models and versions: they stand in replies, logs, metrics and paths.
enum FolderName {
    private static let maximumBytes = 100
    /// What a name may hold, for messages.
    static let allowed = "1 to 100 letters, digits, '.', '-' and '_' of ASCII"

    /// Whether a name may be used.
    static func isAllowed(_ name: String) -> Bool {
        (1...maximumBytes).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                        || scalar == "." || scalar == "-" || scalar == "_")
            }
    }
}
