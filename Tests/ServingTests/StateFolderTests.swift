import Catalog
import Digests
import Serving
import TestSupport
import Testing

@Suite struct StateFolderTests {
    private let folder: TemporaryFolder
    private let states: StateFolder

    init() throws {
        folder = try TemporaryFolder()
        states = StateFolder(root: folder.path + "/a/b", model: "m", version: "1")
    }

    @Test func `Nothing is kept and chosen until something is`() throws {
        #expect(try states.sources().isEmpty)
        #expect(try states.choice() == nil)
    }

    @Test func `What is kept is found again, oldest first, and the choice stands`() throws {
        for number in 0..<5 { try states.keep(Array("state \(number)".utf8), id: "id\(number)") }
        let sources = try states.sources()
        #expect(
            sources.map { String(decoding: $0.bytes, as: UTF8.self) }
                == (0..<5).map { "state \($0)" }
        )
        #expect(sources[3].path == states.path + "/id3.json")
        #expect(sources[3].digest == Digest.text(of: Array("state 3".utf8)))
        for id in ["id2", "id4"] {
            let choice = StateFolder.Choice(id: id, date: "2026-11-26T08:00:00Z")
            try states.use(choice)
            #expect(try states.choice() == choice)
        }
    }

    @Test func `The oldest make room`() throws {
        for number in 0..<StateFolder.maximumFiles + 3 {
            try states.keep([UInt8(number & 0xFF)], id: "id\(number)")
        }
        let paths = try states.sources().map(\.path)
        #expect(paths.count == StateFolder.maximumFiles)
        #expect(paths[0] == states.path + "/id3.json")
    }

    @Test("A choice that says nothing is a failure", arguments: ["", "id", "id date more"])
    func broken(text: String) throws {
        try folder.write("a/b/m/1/in-use", text)
        #expect(throws: FileFailure.self) { try states.choice() }
    }

    @Test func `A file in the way is a failure, and changes nothing`() throws {
        try folder.write("a/b", "no folder")
        #expect(throws: FileFailure.self) { try states.keep([1], id: "id") }
        #expect(throws: FileFailure.self) { try states.use(.init(id: "id", date: "d")) }
    }
}
