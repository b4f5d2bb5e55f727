public import Catalog
internal import Digests
internal import Glibc

/// TensorRT's plans of one artefact, in a folder of their own, and what they were when they were
/// made.
///
/// TensorRT chooses kernels by timing them, so that a plan made at another start may give other
/// bits. What serves is therefore the plan that was made first, and what is calibrated is that plan:
/// its digest is part of the engine's version. A folder belongs to the artefact's digest, the
/// library, the cards and driver, the provider's options and the shapes; a plan that is not as it
/// was is a failure, never made anew in silence.
public struct PlanFolder: Sendable {
    /// What the names of plans end with: the provider's own choice.
    private static let planSuffix = ".engine"
    /// What the names of folders end with.
    private static let suffix = ".plans"
    /// The list of plans, in their folder.
    private static let list = "plans"
    private static let title = "vigil plans 1\n"
    /// Most folders: past it models are not loaded, as nobody knows which plan is not needed.
    static let maximumFolders = 64
    /// Most plans of one artefact: the parts of its graph that TensorRT runs.
    static let maximumPlans = 64
    /// Largest plan, bytes.
    static let maximumBytes = 4 << 30
    /// Most entries of a folder, those of others with them.
    private static let maximumEntries = 4096

    /// Where the plans lie.
    public let path: String
    private let cache: String
    private let key: String

    /// The folder in `cache` of plans that the library of this version makes for a model.
    public init(cache: String, source: ModelSource, library: String) {
        let manifest = source.manifest
        key = CacheKey.text([
            "model \(source.digest)",
            "library \(library)",
            CacheKey.device(manifest),
            CacheKey.inputs(manifest),
            "rows \(manifest.maximumRows)",
            "cards \(GraphicsCards.text)",
        ])
        self.cache = cache
        path = "\(cache)/\(CacheKey.name(key))\(Self.suffix)"
    }

    /// Makes the folder, or checks that what lies in it is what was kept.
    ///
    /// Before the library is shown the folder. Plans that were not finished are removed.
    public func prepare() throws(FileFailure) {
        try FileWriting.makeFolder(cache)
        guard unsafe access(path, F_OK) == 0 else { return try make() }
        guard let kept = try keptList() else {
            for name in try planNames() where unsafe unlink("\(path)/\(name)") != 0 {
                throw FileFailure(at: "\(path)/\(name)")
            }
            return
        }
        try compare(kept)
    }

    /// Keeps what the library made as the plans of this artefact, or checks that it made none anew.
    ///
    /// Returns the digest of them all, 16 hexadecimal digits.
    public func seal() throws(FileFailure) -> String {
        guard let kept = try keptList() else {
            let made = try found()
            guard made != Self.title + key else {
                throw FileFailure(path: path, message: "TensorRT made no plan of the artefact")
            }
            try FileWriting.write(Array(made.utf8), to: Self.list, in: path)
            return Self.short(made)
        }
        try compare(kept)
        return Self.short(kept)
    }

    private func make() throws(FileFailure) {
        let folders = try FileReading.names(cache, limit: Self.maximumEntries)
            .count { $0.hasSuffix(Self.suffix) }
        guard folders < Self.maximumFolders else {
            throw FileFailure(
                path: cache,
                message: "\(folders) folders of plans, allowed are \(Self.maximumFolders): "
                    + "remove those of models that are not served any more"
            )
        }
        try FileWriting.makeFolder(path)
    }

    /// The list as it was written, or nil before it is.
    private func keptList() throws(FileFailure) -> String? {
        let name = "\(path)/\(Self.list)"
        guard unsafe access(name, F_OK) == 0 || errno != ENOENT else { return nil }
        let bytes = try FileReading.bytes(name, limit: 1 << 20)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The list as it would be written now.
    private func found() throws(FileFailure) -> String {
        var text = Self.title + key
        for name in try planNames() {
            let bytes = try FileReading.bytes("\(path)/\(name)", limit: Self.maximumBytes)
            text += "\(Digest.text(of: bytes)) \(name)\n"
        }
        return text
    }

    private func planNames() throws(FileFailure) -> [String] {
        let names = try FileReading.names(path, limit: Self.maximumEntries)
            .filter { $0.hasSuffix(Self.planSuffix) }
        guard names.count <= Self.maximumPlans else {
            throw FileFailure(
                path: path,
                message: "\(names.count) plans, allowed are \(Self.maximumPlans)"
            )
        }
        return names
    }

    private func compare(_ kept: String) throws(FileFailure) {
        guard try found() == kept else {
            throw FileFailure(
                path: path,
                message: "the plans are not those that were kept: bring them back, or remove the "
                    + "folder to have others made and calibrate the model anew"
            )
        }
    }

    private static func short(_ text: String) -> String { String(CacheKey.name(text).prefix(16)) }
}
