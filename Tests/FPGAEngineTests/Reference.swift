import FPGAEngine
import FoundationEssentials

/// Firmware whose golden words da4ml's own interpreter gave; made by Reference/make_reference.py.
enum Reference {
    /// Why a reference could not be had.
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    /// Every folder that the script writes.
    static let names =
        ["trigger", "dense", "branches", "switches", "tables"]
        + (0..<6).flatMap { ["narrow\($0)", "wide\($0)"] }

    /// The folders beside the script, with few events.
    static let folder: String = {
        let file = URL(filePath: #filePath)
        return file.deletingLastPathComponent().appending(path: "Reference/programs").path
    }()

    /// The folders with 100,000 events; an unset variable is a failure, not a reason to skip.
    static func largeFolder() throws -> String {
        guard let path = ProcessInfo.processInfo.environment["VIGIL_FIRMWARE_REFERENCE"] else {
            throw Unavailable(
                description: """
                    VIGIL_FIRMWARE_REFERENCE is not set. Run Tests/FPGAEngineTests/Reference/\
                    make_reference.py DIRECTORY and set it to DIRECTORY.
                    """
            )
        }
        return path
    }

    /// One of the few events.
    static func firmware(_ name: String) throws -> Firmware {
        try Firmware(folder: "\(folder)/\(name)")
    }

    /// A file of a folder beside the script.
    static func bytes(_ name: String, _ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)/\(file)")))
    }
}
