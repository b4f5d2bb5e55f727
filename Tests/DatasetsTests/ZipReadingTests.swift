import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct ZipReadingTests {
    static let one = NpyText.file("|u1", shape: "(3,)", content: [1, 2, 3])
    static let two = NpyText.file("<u2", shape: "(2,)", content: [1, 0, 2, 0])

    @Test(
        "Stored and deflated entries are read, with 32-bit and 64-bit sizes",
        arguments: ZipText.Method.allCases,
        [false, true]
    )
    func methods(method: ZipText.Method, isWide: Bool) throws {
        var zip = ZipText(isWide: isWide)
        zip.add("first.npy", Self.one, method: method)
        zip.add("second.npy", Self.two, method: method, localExtra: [1, 0, 2, 0, 9, 9])
        let dataset = try read(zip.finished())
        #expect(dataset.names == ["first", "second"])
        #expect(try dataset.array("first").doubles == [1, 2, 3])
        #expect(try dataset.array("second").doubles == [1, 2])
        #expect(dataset["first"]?.bytes == [1, 2, 3])
    }

    @Test func `A long deflated entry comes out whole`() throws {
        var random = SeededRandom(seed: 5)
        let content = random.bytes(200_000)
        var zip = ZipText()
        zip.add(
            "long.npy",
            NpyText.file("|u1", shape: "(200000,)", content: content),
            method: .deflated
        )
        #expect(try read(zip.finished()).array("long").bytes == content)
    }

    @Test func `A comment behind the archive is passed over`() throws {
        var zip = ZipText()
        zip.add("a.npy", Self.one)
        let longest = [UInt8](repeating: 0x2A, count: 65_535)
        #expect(try read(zip.finished(comment: longest)).names == ["a"])
        #expect(throws: DatasetError.self) { try read(zip.finished() + longest + [0]) }
    }

    @Test func `An empty archive holds nothing`() throws {
        let dataset = try read([0x50, 0x4B] + ZipText().finished())
        #expect(dataset.names.isEmpty)
        let error = #expect(throws: DatasetError.self) { try dataset.array("x") }
        #expect(error?.message.contains("there is no array 'x'") ?? false)
    }

    @Test func `A missing array is refused with the names that are there`() throws {
        var zip = ZipText()
        zip.add("s1.npy", Self.one)
        zip.add("s2", Self.two)
        let dataset = try read(zip.finished())
        let error = #expect(throws: DatasetError.self) { try dataset.array("s3") }
        #expect(error?.message == "there is no array 's3', it holds s1, s2")
        #expect(dataset["s3"] == nil)
    }

    @Test func `An unusable entry hides no other and tells why when it is asked for`() throws {
        var zip = ZipText()
        zip.add("text.npy", NpyText.file("<U2", shape: "(1,)", content: [0, 0, 0, 0, 0, 0, 0, 0]))
        zip.add("good.npy", Self.one)
        zip.add("notes.txt", Array("no array".utf8))
        let dataset = try read(zip.finished())
        #expect(dataset.names == ["text", "good", "notes.txt"])
        #expect(try dataset.array("good").count == 3)
        #expect(dataset["text"] == nil)
        let text = #expect(throws: DatasetError.self) { try dataset.array("text") }
        #expect(text?.message.contains("'<U2'") ?? false)
        #expect(text?.place.hasSuffix("[text]") ?? false)
        let notes = #expect(throws: DatasetError.self) { try dataset.array("notes.txt") }
        #expect(notes?.message == "is not a .npy array")
    }

    @Test func `A wrong checksum is found`() throws {
        var zip = ZipText()
        zip.add("a.npy", Self.one, checksum: 1)
        let error = refusal(of: "a", in: zip)
        #expect(error?.message == "the content does not match its checksum")
    }

    @Test("A wrong size is found", arguments: ZipText.Method.allCases, [-1, 1])
    func wrongSize(method: ZipText.Method, difference: Int) throws {
        var zip = ZipText()
        zip.add("a.npy", Self.one, method: method, size: Self.one.count + difference)
        #expect(refusal(of: "a", in: zip) != nil)
    }

    @Test func `An unknown compression method is named`() throws {
        var zip = ZipText()
        zip.add("a.npy", Self.one, methodNumber: 12)
        let error = refusal(of: "a", in: zip)
        #expect(
            error?.message == "found compression method 12, allowed are stored and deflated"
        )
    }

    @Test func `An entry that promises more than deflate can hold is refused unread`() throws {
        var zip = ZipText(isWide: true)
        zip.add("a.npy", Self.one, method: .deflated, size: 15 << 30)
        let error = refusal(of: "a", in: zip)
        #expect(error?.message.contains("which cannot be") ?? false)
    }

    @Test("An archive that promises more entries than it has is refused", arguments: [2, 4097])
    func promisedEntries(count: Int) throws {
        var zip = ZipText()
        zip.add("a.npy", Self.one)
        let error = #expect(throws: DatasetError.self) { try read(zip.finished(count: count)) }
        let words = count == 2 ? "malformed" : "holds 4097 entries, allowed are 4096"
        #expect(error?.message.contains(words) ?? false)
    }

    private func read(_ bytes: [UInt8]) throws -> Dataset {
        let folder = try TemporaryFolder()
        return try Dataset(path: folder.write("a.npz", bytes))
    }

    private func refusal(of name: String, in zip: ZipText) -> DatasetError? {
        #expect(throws: DatasetError.self) { try read(zip.finished()).array(name) }
    }
}
