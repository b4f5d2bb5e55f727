import Catalog
import Digests
import FoundationEssentials
import Messages

/// A version of INT8, ready to be kept.
struct QuantizedVersion {
    /// As version.yaml and replies say it.
    static let precision = "int8"

    /// Name of its folder.
    let version: String
    let artefact: [UInt8]
    /// Calibration file by its name, where there is one.
    var calibration: (name: String, bytes: [UInt8])?

    var digest: String { Digest.text(of: artefact) }

    /// Writes its folder beside the other versions, whole or not at all, and gives its path.
    ///
    /// A background is the same for both; a gradient is not, for it would be that of another graph.
    func keep(beside original: OriginalModel) throws -> String {
        let path = "\(original.folder)/\(version)"
        // Hidden from the daemon until it is renamed.
        let draft = "\(original.folder)/.\(version).part"
        let leavings = Leavings.shared
        leavings.keep(folder: draft)
        defer { leavings.remove(folder: draft) }
        let own = Array("precision: \(Self.precision)\n".utf8)
        try FileWriting.makeFolder(draft)
        try FileWriting.write(artefact, to: original.source.manifest.artefact, in: draft)
        try FileWriting.write(own, to: ModelFolder.versionName, in: draft)
        if let calibration {
            try FileWriting.write(calibration.bytes, to: calibration.name, in: draft)
        }
        let background = "\(original.description.folder)/\(ModelFolder.backgroundName)"
        if FileManager.default.fileExists(atPath: background) {
            let bytes = try FileReading.bytes(background, limit: ModelFolder.maximumArtefactBytes)
            try FileWriting.write(bytes, to: ModelFolder.backgroundName, in: draft)
        }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw Complaint("\(path): was made by somebody else meanwhile")
        }
        try FileManager.default.moveItem(atPath: draft, toPath: path)
        return path
    }
}
