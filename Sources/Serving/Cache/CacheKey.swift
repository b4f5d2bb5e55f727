internal import Catalog
internal import Digests
internal import Tensors

/// What something in the cache depends on, as text and as a name.
enum CacheKey {
    /// A line for each thing; whatever one contains, a line stays a line.
    static func text(_ lines: [String]) -> String {
        lines.map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n" }.joined()
    }

    /// The line of the device that a model runs on, with its provider's options.
    static func device(_ manifest: Manifest) -> String {
        let options = manifest.providerOptions.sorted { $0.key < $1.key }
        return "device \(manifest.device.text)" + options.map { " \($0.key)=\($0.value)" }.joined()
    }

    /// The line of a model's inputs.
    static func inputs(_ manifest: Manifest) -> String {
        "inputs" + manifest.inputs.map { " \($0.signature.name) \($0.signature.text)" }.joined()
    }

    /// The digest of such a text, without its kind.
    static func name(_ text: String) -> String { Digest.hexadecimal(of: Array(text.utf8)) }
}
