/// What names, digests and dates in a calibration file must look like.
package enum NameRule {
    /// Longest name, in bytes of UTF-8.
    static let maximumBytes = 256

    /// A name: 1 to 256 bytes, one line.
    package static func check(_ name: String, path: String) throws(CalibrationError) {
        guard !name.isEmpty, name.utf8.count <= maximumBytes,
            !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw CalibrationError(
                path,
                found: "\"\(name)\"",
                allowed: "1 to \(maximumBytes) bytes without control characters"
            )
        }
    }

    /// "sha256:" and 64 lower-case hexadecimal digits.
    package static func checkDigest(_ digest: String, path: String) throws(CalibrationError) {
        let prefix = "sha256:"
        let digits = digest.dropFirst(prefix.count).utf8
        let isDigit = { (byte: UInt8) in (48...57).contains(byte) || (97...102).contains(byte) }
        guard digest.hasPrefix(prefix), digits.count == 64, digits.allSatisfy(isDigit) else {
            throw CalibrationError(
                path,
                found: "\"\(digest)\"",
                allowed: "\"sha256:\" and 64 lower-case hexadecimal digits"
            )
        }
    }

    /// The shape of an ISO 8601 date, "2026-11-24" or "2026-11-24T06:34:00Z", the latter also with
    /// a fraction or an offset such as "+01:00".
    package static func checkDate(_ date: String, path: String) throws(CalibrationError) {
        // A computed regex literal is made for each call: Regex is not Sendable.
        let shape =
            #/\d{4}-[01]\d-[0-3]\d(T[0-2]\d:[0-5]\d(:[0-6]\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?/#
        guard date.utf8.count <= 40, date.utf8.allSatisfy({ $0 < 0x80 }),
            date.wholeMatch(of: shape) != nil
        else {
            throw CalibrationError(
                path,
                found: "\"\(date)\"",
                allowed: "an ISO 8601 date such as \"2026-11-24T06:34:00Z\""
            )
        }
    }
}
