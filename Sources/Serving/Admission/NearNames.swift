/// Names that somebody may have meant.
enum NearNames {
    /// Changes of a letter that a slip of the hand makes.
    private static let maximumDistance = 3
    /// With so few names, all are worth showing.
    private static let fewNames = 8
    private static let maximumShown = 5
    /// A longer name is not compared to its end.
    private static let maximumBytes = 100

    /// At most five of `names`, the nearest first.
    static func near(_ asked: String, among names: [String]) -> [String] {
        let asked = Array(asked.utf8.prefix(maximumBytes))
        let ranked = names.map { name in
            (name: name, distance: distance(asked, Array(name.utf8.prefix(maximumBytes))))
        }
        .filter { $0.distance <= maximumDistance || names.count <= fewNames }
        .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return ranked.prefix(maximumShown).map(\.name)
    }

    /// Levenshtein's distance, in bytes.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
