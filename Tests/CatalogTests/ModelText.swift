import Catalog
import TestSupport

/// A folder of models in the making.
struct ModelText {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The least that `model.yaml` must say, in flow style, with keys added or replaced.
    static func least(_ keys: [String: String?] = [:], name: String = "m") -> String {
        var all: [String: String?] = [
            "name": name, "task": "regression", "engine": "onnx", "inputs": "[{name: x}]",
            "outputs": "[{name: y}]",
        ]
        for (key, value) in keys { all[key] = value }
        let order = ["name", "task", "engine"]
        let sorted = all.sorted { left, right in
            let places = [left, right].map { order.firstIndex(of: $0.key) ?? order.count }
            return (places[0], left.key) < (places[1], right.key)
        }
        return sorted.compactMap { key, value in value.map { "\(key): \($0)\n" } }.joined()
    }

    /// Writes a model with versions that hold an artefact each.
    func write(
        _ text: String,
        name: String = "m",
        versions: [String] = ["1"],
        artefact: String = "model.onnx"
    ) throws {
        try folder.write("\(name)/model.yaml", text)
        for version in versions {
            try folder.write("\(name)/\(version)/\(artefact)", "artefact of \(version)")
        }
    }

    func scan() throws -> ModelFolder.Scan { try ModelFolder(path: folder.path).scan() }

    /// The manifest of a text that must be right.
    static func manifest(_ text: String, artefact: String = "model.onnx") throws -> Manifest {
        let models = try ModelText()
        try models.write(text, artefact: artefact)
        let scan = try models.scan()
        guard let source = scan.sources.first else {
            throw Unusable(message: scan.problems.map(\.message).joined(separator: "\n"))
        }
        return source.manifest
    }

    /// What is wrong with a text that must be wrong, without the path at its beginning.
    static func problem(_ text: String) throws -> String? {
        let models = try ModelText()
        try models.write(text)
        let scan = try models.scan()
        guard scan.sources.isEmpty, scan.problems.count == 1 else { return nil }
        let path = models.folder.path + "/m/model.yaml"
        guard scan.problems[0].model == "m", scan.problems[0].version == nil,
            scan.problems[0].message.hasPrefix(path)
        else { return nil }
        return String(scan.problems[0].message.dropFirst(path.count))
    }

    struct Unusable: Error { var message: String }
}
