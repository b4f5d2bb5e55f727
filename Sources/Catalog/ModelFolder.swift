internal import Digests
internal import StrictYAML

/// One version of a model as it lies on disk, read once and whole.
public struct ModelSource: Sendable {
    /// A calibration or a file of references beside the artefact.
    public struct CalibrationSource: Sendable, Equatable {
        /// Path, for messages.
        public let path: String
        /// Content.
        public let bytes: [UInt8]
        /// Digest of the content; its first digits are the calibration's id.
        public let digest: String

        /// Content that lies at `path` or comes from there.
        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
            digest = Digest.text(of: bytes)
        }

        /// Reads the file at `path`, at most `limit` bytes.
        package init(path: String, limit: Int) throws(FileFailure) {
            self.init(path: path, bytes: try FileReading.bytes(path, limit: limit))
        }
    }

    /// What `model.yaml` states, with what the version's own `version.yaml` states instead.
    public private(set) var manifest: Manifest
    /// Digest of `model.yaml`, followed by `version.yaml` where there is one.
    public let manifestDigest: String
    /// Name of the version's folder.
    public let version: String
    /// Path of the version's folder.
    public let folder: String
    /// Content of the artefact; empty once an engine was made of it.
    public private(set) var artefact: [UInt8]
    /// Digest of the artefact.
    public let digest: String
    /// Calibrations, in the order of their names.
    public let calibrations: [CalibrationSource]
    /// Files of references that drift is told by, in the order of their names.
    public let references: [CalibrationSource]
    /// What explanations are made with, where the manifest asks for any.
    public private(set) var explanation: ExplanationFiles?

    /// The same without the content of the artefact and of what explains it, which no loaded version
    /// needs.
    public var withoutArtefact: ModelSource {
        var copy = self
        copy.artefact = []
        copy.explanation = explanation?.withoutContent
        return copy
    }

    /// The same model on the CPU, whose calibrations are those of the CPU.
    package var onCPU: ModelSource {
        var copy = self
        copy.manifest = manifest.onCPU
        return copy
    }

    /// The gradient graph as what an engine is made of, or nil where there is none.
    package var gradient: ModelSource? {
        guard let graph = explanation?.gradient else { return nil }
        return ModelSource(
            // Its runs are few, and are cut into shapes of their own.
            manifest: manifest.withoutGraphs,
            manifestDigest: manifestDigest,
            version: version,
            folder: folder,
            artefact: graph.bytes,
            digest: graph.digest,
            calibrations: [],
            references: []
        )
    }

    /// Whether the same files would load.
    public func isSame(as other: ModelSource) -> Bool {
        version == other.version && digest == other.digest
            && manifestDigest == other.manifestDigest && calibrations == other.calibrations
            && references == other.references && explanation == other.explanation
    }
}

/// Something in the model folder that cannot be served, and why.
public struct ModelProblem: Sendable, Equatable {
    /// Model, by the name of its folder.
    public let model: String
    /// Version, or nil when the whole model is concerned.
    public let version: String?
    /// One line.
    public let message: String

    /// A problem; whatever the names on disk are, each part is one line.
    public init(model: String, version: String?, message: String) {
        self.model = model.onOneLine
        self.version = version?.onOneLine
        self.message = message.onOneLine
    }
}

/// The folder of models: `NAME/model.yaml` and `NAME/VERSION/` with artefact and calibrations.
public struct ModelFolder: Sendable {
    /// Most models and most versions of one.
    public static let maximumEntries = 256
    /// Most bytes of an artefact.
    public static let maximumArtefactBytes = 4 << 30
    /// Most bytes of a calibration file.
    public static let maximumCalibrationBytes = 256 << 20
    /// How calibration files begin and end.
    public static let calibrationPrefix = "calibration"
    /// How calibration files end, and those of references.
    public static let calibrationSuffix = ".json"
    /// How files of references begin.
    public static let referencePrefix = "references"
    /// Most bytes of a file of references.
    public static let maximumReferenceBytes = 1 << 20
    /// Name of the library that runs firmware where the manifest asks for it.
    public static let firmwareLibraryName = "inference.so"
    /// Name of the background that explanations compare events with.
    public static let backgroundName = "background.json"
    /// Name of what a version states of itself.
    public static let versionName = "version.yaml"

    /// What a look at the folder gave.
    ///
    /// A bad model never hides the others.
    public struct Scan: Sendable {
        /// Versions that can be loaded, newest first for each model.
        public var sources: [ModelSource] = []
        /// What cannot.
        public var problems: [ModelProblem] = []
        /// Versions that were not read, by model: they serve when newer ones fail.
        var older: [String: OlderVersions] = [:]
    }

    /// A model's manifest and those of its versions that were not read, newest first.
    struct OlderVersions: Sendable {
        let manifest: Manifest
        /// The manifest's content.
        let bytes: [UInt8]
        var names: [String]
    }

    /// Path of the folder.
    public let path: String

    /// The folder at `path`.
    public init(path: String) {
        self.path = path
    }

    /// Reads every model.
    ///
    /// Fails only when the folder itself cannot be read.
    public func scan() throws(FileFailure) -> Scan {
        var scan = Scan()
        for name in try FileReading.names(path, limit: Self.maximumEntries)
        where FileReading.isFolder("\(path)/\(name)") {
            readModel(name, into: &scan)
        }
        return scan
    }

    private func readModel(_ name: String, into scan: inout Scan) {
        do {
            let manifestPath = "\(path)/\(name)/model.yaml"
            let bytes = try FileReading.bytes(manifestPath, limit: YAMLDocument.maximumBytes)
            let manifest = try ManifestReader.read(
                bytes,
                file: manifestPath,
                folderName: name
            )
            let versions = try versions(of: name)
            guard !versions.isEmpty else {
                throw FileFailure(path: "\(path)/\(name)", message: "holds no version folder")
            }
            var older = versions[...]
            var found = 0
            while found < manifest.versions, let version = older.popFirst() {
                found += readVersion(version, of: manifest, bytes, into: &scan) ? 1 : 0
            }
            scan.older[name] = .init(manifest: manifest, bytes: bytes, names: Array(older))
        } catch {
            scan.problems.append(.init(model: name, version: nil, message: "\(error)"))
        }
    }

    /// Reads the next older version of the model of `source` that can be read, where `scan` left one.
    public func nextOlder(than source: ModelSource, in scan: inout Scan) -> ModelSource? {
        let name = source.manifest.name
        while let older = scan.older[name], let version = older.names.first {
            scan.older[name]?.names.removeFirst()
            if readVersion(version, of: older.manifest, older.bytes, into: &scan) {
                return scan.sources.removeLast()
            }
        }
        return nil
    }

    /// Version folders, newest first: numbers by value, other names after them.
    private func versions(of name: String) throws(FileFailure) -> [String] {
        try FileReading.names("\(path)/\(name)", limit: Self.maximumEntries)
            .filter { FileReading.isFolder("\(path)/\(name)/\($0)") }
            .sorted { VersionName($0) > VersionName($1) }
    }

    private func readVersion(
        _ version: String,
        of manifest: Manifest,
        _ manifestBytes: [UInt8],
        into scan: inout Scan
    ) -> Bool {
        let folder = "\(path)/\(manifest.name)/\(version)"
        do {
            guard FolderName.isAllowed(version) else {
                throw FileFailure(path: folder, message: "allowed are \(FolderName.allowed)")
            }
            let artefact = try FileReading.bytes(
                "\(folder)/\(manifest.artefact)",
                limit: Self.maximumArtefactBytes
            )
            var manifest = manifest
            let own = try Self.ownBytes(of: folder)
            if let own {
                let file = "\(folder)/\(Self.versionName)"
                guard manifest.engine == .onnx else {
                    throw FileFailure(
                        path: file,
                        message: "the engine is \(manifest.engine.rawValue), allowed is onnx"
                    )
                }
                manifest.precision = try VersionReader.precision(own, file: file)
            }
            scan.sources.append(
                ModelSource(
                    manifest: manifest,
                    manifestDigest: Digest.text(of: manifestBytes + (own ?? [])),
                    version: version,
                    folder: folder,
                    artefact: artefact,
                    digest: Digest.text(of: artefact),
                    calibrations: try Self.files(
                        of: folder,
                        prefix: Self.calibrationPrefix,
                        limit: Self.maximumCalibrationBytes
                    ),
                    references: try Self.files(
                        of: folder,
                        prefix: Self.referencePrefix,
                        limit: Self.maximumReferenceBytes
                    ),
                    explanation: manifest.explanation.map { ExplanationFiles($0, folder: folder) }
                )
            )
            return true
        } catch {
            scan.problems.append(
                .init(model: manifest.name, version: version, message: "\(error)")
            )
            return false
        }
    }
}

extension ModelFolder {
    /// The content of `version.yaml` in a version's folder, or nil where there is none.
    private static func ownBytes(of folder: String) throws(FileFailure) -> [UInt8]? {
        guard try FileReading.names(folder, limit: maximumEntries).contains(versionName) else {
            return nil
        }
        return try FileReading.bytes("\(folder)/\(versionName)", limit: YAMLDocument.maximumBytes)
    }

    /// The files of a version's folder whose names begin with `prefix`.
    private static func files(
        of folder: String,
        prefix: String,
        limit: Int
    ) throws(FileFailure) -> [ModelSource.CalibrationSource] {
        var files: [ModelSource.CalibrationSource] = []
        for file in try FileReading.names(folder, limit: maximumEntries)
        where file.hasPrefix(prefix) && file.hasSuffix(calibrationSuffix) {
            files.append(try .init(path: "\(folder)/\(file)", limit: limit))
        }
        return files
    }
}

/// Order of versions: dotted numbers by value ("1.10" after "1.9"), then other names.
struct VersionName: Comparable {
    private let numbers: [Int]?
    private let text: String

    init(_ text: String) {
        self.text = text
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        numbers = parts.contains(nil) ? nil : parts.compactMap { $0 }
    }

    static func < (left: Self, right: Self) -> Bool {
        switch (left.numbers, right.numbers) {
        case (let left?, let right?): left.lexicographicallyPrecedes(right)
        case (nil, _?): true
        case (_?, nil): false
        case (nil, nil): left.text < right.text
        }
    }
}
