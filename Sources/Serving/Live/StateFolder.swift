internal import Calibration
package import Catalog
internal import Glibc

/// The calibrations that one model version learned, a file each, and which one is in use.
///
/// A file is written whole, to the disk, before the one in use names it: a crash in the middle of
/// anything leaves what was in use before.
package struct StateFolder: Sendable {
    /// Most learned calibrations that are kept; past it the oldest goes.
    package static let maximumFiles = 256
    private static let suffix = ".json"
    /// Name of the file that says which one is in use.
    private static let choice = "in-use"
    /// Bytes of that file at most.
    private static let maximumChoiceBytes = 256

    /// Which calibration is in use, and since when.
    package struct Choice: Equatable, Sendable {
        package let id: String
        /// ISO 8601.
        package let date: String

        /// A calibration since a date.
        package init(id: String, date: String) {
            self.id = id
            self.date = date
        }
    }

    package let path: String
    private let files: KeptFiles

    /// The folder of a version below `root`; made when the first calibration is kept.
    package init(root: String, model: String, version: String) {
        path = "\(root)/\(model)/\(version)"
        files = KeptFiles(in: path, suffix: Self.suffix, maximum: Self.maximumFiles)
    }

    /// The choice that was made last, or nil.
    package func choice() throws(FileFailure) -> Choice? {
        let name = "\(path)/\(Self.choice)"
        guard unsafe access(name, F_OK) == 0 || errno != ENOENT else { return nil }
        let bytes = try FileReading.bytes(name, limit: Self.maximumChoiceBytes)
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2 else {
            throw FileFailure(path: name, message: "does not say which calibration is in use")
        }
        return Choice(id: String(words[0]), date: String(words[1]))
    }

    /// Every calibration that is kept, oldest first.
    package func sources() throws(FileFailure) -> [ModelSource.CalibrationSource] {
        var sources: [ModelSource.CalibrationSource] = []
        for file in try files.paths() {
            sources.append(try .init(path: file, limit: CalibrationFile.maximumBytes))
        }
        return sources
    }

    /// Keeps a calibration under its id.
    package func keep(_ bytes: [UInt8], id: String) throws(FileFailure) {
        try FileWriting.makeFolders(path)
        // The one in use is the newest or was asked for by name: never the oldest of so many.
        try files.keep(bytes, as: "\(id)\(Self.suffix)")
    }

    /// Makes a calibration the one in use.
    package func use(_ choice: Choice) throws(FileFailure) {
        try FileWriting.makeFolders(path)
        let text = "\(choice.id) \(choice.date)\n"
        try FileWriting.write(Array(text.utf8), to: Self.choice, in: path)
    }
}
