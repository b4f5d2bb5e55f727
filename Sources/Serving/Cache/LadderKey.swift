internal import Catalog
internal import Execution
internal import Tensors

/// What the measured shapes of a model depend on.
struct LadderKey {
    /// What the names of files end with.
    static let suffix = ".ladder"

    /// A line for each thing.
    let text: String
    /// Name of the file: the digest of `text`.
    let fileName: String

    init(_ manifest: Manifest, digest: String, engine: any Engine, shapes: [Int]) {
        let options = manifest.providerOptions.sorted { $0.key < $1.key }
            .map { " \($0.key)=\($0.value)" }.joined()
        let tensors = manifest.inputs.map { " \($0.signature.name) \($0.signature.text)" }.joined()
        let sessions = manifest.sharesSession ? "shared" : "each"
        let lines = [
            "model \(digest)",
            "engine \(engine.version)",
            "device \(manifest.device.text)\(options)",
            "threads \(manifest.threads) session \(sessions)",
            "inputs\(tensors)",
            "reproducible \(manifest.isReproducible)",
            "shapes \(shapes.map(String.init).joined(separator: " "))",
            "processor \(Processor.text)",
        ]
        text = CacheKey.text(lines)
        fileName = CacheKey.name(text) + Self.suffix
    }
}
