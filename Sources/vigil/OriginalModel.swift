import Catalog
import FoundationEssentials
import Messages

/// The version of a model that is to be quantized, as it lies on this machine.
struct OriginalModel {
    /// What the daemon says of it.
    let description: ModelDescription
    /// Its files.
    let source: ModelSource
    /// The content of its model.yaml.
    let manifest: [UInt8]
    /// Folder of the model, with a folder a version.
    let folder: String

    /// Reads the files of what the daemon serves, with the help of a scratch folder.
    init(_ description: ModelDescription, scratch: String) throws {
        let name = description.name
        guard description.state == .serving else {
            throw Complaint(
                "model '\(name)' does not serve: \(description.reasons.joined(separator: "; "))"
            )
        }
        guard description.engine == "onnxruntime", description.deviceClass == "cpu" else {
            throw Complaint(
                "model '\(name)' runs by \(description.engine) on \(description.device), allowed are ONNX models on the cpu"
            )
        }
        guard description.precision == "float32" else {
            throw Complaint(
                "model '\(name)' \(description.version) is \(description.precision), allowed is float32"
            )
        }
        self.description = description
        guard let slash = description.folder.lastIndex(of: "/") else {
            throw Complaint("the daemon names no folder of model '\(name)'")
        }
        folder = String(description.folder[..<slash])
        guard FileManager.default.fileExists(atPath: description.folder) else {
            throw Complaint(
                "\(description.folder) is not there: run the command on the daemon's machine"
            )
        }
        // A folder of this model alone: the others need not be read.
        let view = "\(scratch)/view"
        try FileWriting.makeFolder(view)
        try FileManager.default.createSymbolicLink(
            atPath: "\(view)/\(name)",
            withDestinationPath: folder
        )
        var scan = try ModelFolder(path: view).scan()
        var found = scan.sources.first
        while let source = found, source.version != description.version {
            found = ModelFolder(path: view).nextOlder(than: source, in: &scan)
        }
        guard let found, found.digest == description.digest else {
            throw Complaint(
                "\(description.folder) does not hold what the daemon runs, \(description.digest): reload its models, or run the command on its machine"
            )
        }
        source = found
        manifest = try FileReading.bytes(
            "\(folder)/model.yaml",
            limit: ModelFolder.maximumReferenceBytes
        )
    }

    /// The version after all that lie beside it.
    func nextVersion() throws -> String {
        let names = try FileReading.names(folder, limit: ModelFolder.maximumEntries)
        let numbers = names.compactMap { $0.split(separator: ".").first.flatMap { Int($0) } }
        return "\((numbers.max() ?? 0) + 1)"
    }
}
