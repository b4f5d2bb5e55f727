internal import Catalog

/// What something in the cache depends on, as text and as a name.
enum CacheKey {
    /// A line for each thing; whatever one contains, a line stays a line.
    static func text(_ lines: [String]) -> String {
        lines.map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n" }.joined()
    }

    /// The digest of such a text, without its kind.
    static func name(_ text: String) -> String {
        String(Digest.text(of: Array(text.utf8)).dropFirst("sha256:".count))
    }
}
