internal import Digests

/// What explanations are made with, beside the artefact; none of it is needed to serve.
public struct ExplanationFiles: Sendable, Equatable {
    /// A file that was read.
    public struct File: Sendable, Equatable {
        /// Content; empty once it was used.
        public fileprivate(set) var bytes: [UInt8]
        /// "sha256:" and 64 hexadecimal digits, of the content.
        public let digest: String

        /// The same content.
        public static func == (left: Self, right: Self) -> Bool { left.digest == right.digest }
    }

    /// The background, where the method uses one and there is one.
    public private(set) var background: File?
    /// The gradient graph, where the method needs one.
    public private(set) var gradient: File?
    /// Why a file that is there could not be read, or one that is needed is not there; or nil.
    public let problem: String?

    /// Most bytes of a background.
    public static let maximumBackgroundBytes = 128 << 20

    /// Reads what the manifest asks for; what cannot be read does not keep the model from serving.
    init(_ explanation: Manifest.Explanation, folder: String) {
        do throws(FileFailure) {
            let names = try FileReading.names(folder, limit: ModelFolder.maximumEntries)
            if explanation.usesBackground, names.contains(ModelFolder.backgroundName) {
                background = try Self.read(
                    "\(folder)/\(ModelFolder.backgroundName)",
                    limit: Self.maximumBackgroundBytes
                )
            }
            if let name = explanation.gradient {
                gradient = try Self.read(
                    "\(folder)/\(name)",
                    limit: ModelFolder.maximumArtefactBytes
                )
            }
            problem = nil
        } catch {
            problem = error.description
        }
    }

    private static func read(_ path: String, limit: Int) throws(FileFailure) -> File {
        let bytes = try FileReading.bytes(path, limit: limit)
        return File(bytes: bytes, digest: Digest.text(of: bytes))
    }

    /// The same without the files' content.
    var withoutContent: ExplanationFiles {
        var copy = self
        copy.background?.bytes = []
        copy.gradient?.bytes = []
        return copy
    }
}
