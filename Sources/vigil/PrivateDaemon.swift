import Catalog
import Digests
import FoundationEssentials
import Glibc
import VigilClient
import Messages

/// A vigild of a command's own, which serves one version of a model to nobody else.
///
/// What is measured of it is what the daemon does: its micro-batches, its bits, its scores.
final class PrivateDaemon {
    /// Time that loading or scoring may take.
    private static let patienceMilliseconds = 600_000

    private let source: ModelSource
    private let manifest: [UInt8]
    private let models: String
    private let process: ChildProcess
    private var loads = 0
    /// Asks it.
    let client: Client

    /// Starts one on the version of `source`, in a scratch folder; `manifest` is its model.yaml.
    ///
    /// Blocks until that is loaded.
    init(
        _ source: ModelSource,
        manifest: [UInt8],
        library: String,
        folder: String
    ) throws {
        self.source = source
        self.manifest = manifest
        models = "\(folder)/models"
        let endpoint = "ipc://\(folder)/vigild.sock"
        let settings = """
            models: \(models)
            state: \(folder)/state
            onnxruntime: \(library)
            log_level: notice
            zeromq: {endpoints: ["\(endpoint)"]}
            http: {enabled: false}
            """
        let file = "\(folder)/vigild.yaml"
        try Data(settings.utf8).write(to: URL(filePath: file))
        try Self.write(source.artefact, of: source, manifest, models, version: source.version)
        process = try ChildProcess([try Self.program(), "--config", file])
        var options = ClientOptions(endpoints: [endpoint])
        options.timeoutMilliseconds = Self.patienceMilliseconds
        options.attemptMilliseconds = Self.patienceMilliseconds
        client = try Client(options)
        try waitForModels()
    }

    /// Ends it.
    func end() {
        client.close()
        process.end()
    }

    /// Loads an artefact anew in the place of what is loaded, and gives what the daemon says of it.
    func load(
        _ artefact: [UInt8],
        version: String,
        precision: String? = nil
    ) async throws -> ModelDescription {
        try FileManager.default.removeItem(atPath: "\(models)/\(source.manifest.name)")
        loads += 1
        // Another manifest is another version: the daemon measures its micro-batches again.
        let manifest = manifest + Array("\n# load \(loads)\n".utf8)
        try Self.write(artefact, of: source, manifest, models, version: version)
        if let precision {
            try FileWriting.write(
                Array("precision: \(precision)\n".utf8),
                to: ModelFolder.versionName,
                in: "\(models)/\(source.manifest.name)/\(version)"
            )
        }
        let changes = try await client.reload()
        let found = try await client.models(source.manifest.name).first
        guard let found, found.state == .serving, found.digest == Digest.text(of: artefact) else {
            let failed = changes.first { $0.hasPrefix("failed") } ?? changes.joined(separator: "; ")
            throw Complaint("the daemon cannot serve the model made: \(failed)")
        }
        return found
    }

    /// Its log is not read any further: a reload says little, and a pipe holds 64 KiB.
    private func waitForModels() throws {
        var last = ""
        while let line = process.nextLine() {
            if line.contains("readiness state="), !line.contains("models are loading") { return }
            last = line
        }
        _ = process.wait()
        throw Complaint("vigild ended: \(last)")
    }

    private static func write(
        _ artefact: [UInt8],
        of source: ModelSource,
        _ manifest: [UInt8],
        _ models: String,
        version: String
    ) throws {
        let folder = "\(models)/\(source.manifest.name)"
        try FileWriting.makeFolders("\(folder)/\(version)")
        try FileWriting.write(manifest, to: "model.yaml", in: folder)
        try FileWriting.write(artefact, to: source.manifest.artefact, in: "\(folder)/\(version)")
    }

    /// The daemon beside this program.
    private static func program() throws -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { throw Complaint.system("/proc/self/exe") }
        let own = String(decoding: path.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let folder = own.lastIndex(of: "/").map { own[..<$0] } ?? ""
        return "\(folder)/vigild"
    }
}
