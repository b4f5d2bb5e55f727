import Glibc

/// A folder of models for one daemon: links to versions that lie elsewhere, and manifests that the
/// benchmark may write anew.
struct ModelShelf: Sendable {
    /// The folder.
    let path: String
    private let sources: [String: String]

    /// Models by name, all that are measured when none are named.
    init(
        _ setting: Setting,
        name: String,
        models: [String] = ModelShelf.all
    ) throws(BenchFailure) {
        path = "\(setting.work)/\(name)-models"
        unsafe mkdir(path, 0o755)
        var sources: [String: String] = [:]
        for model in models {
            let source = "\(Self.folder(of: model, setting))/\(model)"
            guard let text = TextFile.read("\(source)/model.yaml") else {
                throw BenchFailure("\(source)/model.yaml cannot be read")
            }
            sources[model] = source
            let folder = "\(path)/\(model)"
            unsafe mkdir(folder, 0o755)
            guard let version = unsafe realpath("\(source)/1", nil) else {
                throw BenchFailure("\(source)/1 is missing")
            }
            defer { unsafe free(version) }
            unsafe unlink("\(folder)/1")
            guard unsafe symlink(version, "\(folder)/1") == 0 else {
                throw BenchFailure("\(folder)/1 cannot be linked: error \(errno)")
            }
            try TextFile.write(text, to: "\(folder)/model.yaml")
        }
        self.sources = sources
    }

    /// Where a model lies: firmware beside what was built of it.
    private static func folder(of model: String, _ setting: Setting) -> String {
        if own.contains(model) { return setting.models }
        return model == firmware ? "\(setting.firmware)/models" : setting.zoo
    }

    /// The model that a card runs.
    static let firmware = "trigger-mlp"
    /// The models of `Benchmarks/models`.
    static let own = ["null", "null-monitored", "cnn", "large"]
    /// Those but the monitored one, and the zoo's that `ModelInput` has events for.
    static let all = [
        "null", "cnn", "large", "er-nr-mlp", "er-nr-tree", "pattern-autoencoder", "position-cnn",
    ]

    /// The artefact of a model that ONNX Runtime runs.
    static func artefact(_ model: String, _ setting: Setting) -> String {
        "\(own.contains(model) ? setting.models : setting.zoo)/\(model)/1/model.onnx"
    }

    /// Events of a model's largest micro-batch, as its manifest says.
    func maximumRows(_ model: String) -> Int {
        let text = TextFile.read("\(path)/\(model)/model.yaml") ?? ""
        let digits = text.split(separator: "maximum_rows:").dropFirst().first?
            .drop(while: { $0 == " " }).prefix(while: \.isNumber)
        return digits.flatMap { Int($0) } ?? 256
    }

    /// Writes a model's manifest with another value on the line of `key`; the next reload loads it
    /// again.
    func alter(_ model: String, _ key: String, _ value: String) throws(BenchFailure) {
        let text = TextFile.read("\(sources[model] ?? path)/model.yaml") ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasPrefix("\(key):") ? "\(key): \(value)" : String($0)
        }
        // Whole or not at all: the daemon may be reading it.
        let target = "\(path)/\(model)/model.yaml"
        try TextFile.write(lines.joined(separator: "\n"), to: "\(path)/\(model)/.model.yaml")
        guard unsafe rename("\(path)/\(model)/.model.yaml", target) == 0 else {
            throw BenchFailure("\(target) cannot be written: error \(errno)")
        }
    }
}
