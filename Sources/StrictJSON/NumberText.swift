/// Numbers as the shortest text that reads back to the same bits.
package enum NumberText {
    /// A whole number loses its ".0": 1500, not 1500.0.
    ///
    /// Finite numbers are valid JSON.
    package static func of(_ value: Double) -> String { withoutPoint(value.description) }

    /// The shortest text for a single-precision number: 0.1, not 0.10000000149011612.
    package static func of(_ value: Float) -> String { withoutPoint(value.description) }

    private static func withoutPoint(_ text: String) -> String {
        text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
