import Catalog
import Foundation
import TestSupport
import Testing

@Suite struct KeptFilesTests {
    private let folder: TemporaryFolder
    private let kept: KeptFiles

    init() throws {
        folder = try TemporaryFolder()
        kept = KeptFiles(in: folder.path, suffix: ".kept", maximum: 3)
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func `The oldest make room, and nobody else's files`() throws {
        try folder.write("other.txt", "theirs")
        for number in 0..<5 { try kept.keep([UInt8(number)], as: "file\(number).kept") }
        #expect(try kept.paths() == (2..<5).map { "\(folder.path)/file\($0).kept" })
        #expect(
            try names() == ["file2.kept", "file3.kept", "file4.kept", "other.txt"]
        )
    }

    @Test func `A file that is written again is the newest`() throws {
        for number in 0..<3 {
            try kept.keep([UInt8(number)], as: "file\(number).kept")
            // The clock of the file system is coarse.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Double(1_000_000 + number))],
                ofItemAtPath: "\(folder.path)/file\(number).kept"
            )
        }
        try kept.keep([7], as: "file0.kept")
        try kept.keep([8], as: "file3.kept")
        #expect(try names() == ["file0.kept", "file2.kept", "file3.kept"])
        #expect(try FileReading.bytes("\(folder.path)/file0.kept", limit: 1) == [7])
    }

    @Test func `Where there is no folder there are no files`() throws {
        let none = KeptFiles(in: "\(folder.path)/none", suffix: ".kept", maximum: 3)
        #expect(try none.paths().isEmpty)
        #expect(throws: FileFailure.self) { try none.keep([1], as: "file.kept") }
    }

    @Test func `What cannot be written leaves no draft and what was there`() throws {
        try FileWriting.makeFolders("\(folder.path)/in/the/way")
        let error = #expect(throws: FileFailure.self) {
            try FileWriting.write([1, 2, 3], to: "in", in: folder.path)
        }
        #expect(error?.path == "\(folder.path)/in")
        #expect(try names() == ["in"])
    }
}
