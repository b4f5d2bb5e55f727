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
        let sessions = manifest.sharesSession ? "shared" : "each"
        var lines = [
            "model \(digest)",
            "engine \(engine.version)",
            CacheKey.device(manifest),
            "threads \(manifest.threads) session \(sessions)",
            CacheKey.inputs(manifest),
            "reproducible \(manifest.isReproducible)",
            "shapes \(shapes.map(String.init).joined(separator: " "))",
            "processor \(Processor.text)",
        ]
        // Copies to a card cost what the memory allows.
        if manifest.device.isGraphicsCard { lines.append("evaluated by \(engine.evaluation)") }
        text = CacheKey.text(lines)
        fileName = CacheKey.name(text) + Self.suffix
    }
}
