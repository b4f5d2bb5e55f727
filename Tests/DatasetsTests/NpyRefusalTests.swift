import Datasets
import TestSupport
import Testing

@Suite struct NpyRefusalTests {
    static let big = String(repeating: "9", count: 30)
    static let wrongHeaders: [(String, String)] = [
        ("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", "'<c16'"),
        ("{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }", "'<U5'"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "'|O'"),
        ("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }", "'<M8[ns]'"),
        ("{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }", "'f4'"),
        ("{'descr': '', 'fortran_order': False, 'shape': (1,), }", "allowed are f4"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "type of numbers"),
        ("{'fortran_order': False, 'shape': (1,), }", "type of numbers"),
        ("{'descr': '<f4", "type of numbers"),
        ("{'descr': '<f4', 'shape': (1,), }", "malformed"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "malformed"),
        ("{'descr': '<f4', 'fortran_order': False, }", "malformed"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': 1, }", "malformed"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,", "malformed"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "malformed"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (a,), }", "malformed"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (\(big),), }", "malformed"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "found 4 bytes"),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999, 999999999, 99), }",
            "larger than memory"
        ),
        ("", "type of numbers"),
    ]

    @Test("A header that says something else is refused in words", arguments: wrongHeaders)
    func headers(header: String, words: String) {
        let error = refusal(NpyText.file(header: header, content: [0, 0, 0, 0]))
        #expect(error?.message.contains(words) ?? false, "\(error?.message ?? "read")")
    }

    @Test func `More than 32 dimensions are refused, 32 are read`() throws {
        let most = "(" + String(repeating: "1, ", count: 32) + ")"
        #expect(try read(NpyText.file("|u1", shape: most, content: [1])).shape.count == 32)
        let more = "(" + String(repeating: "1, ", count: 33) + ")"
        let error = refusal(NpyText.file("|u1", shape: more, content: [1]))
        #expect(error?.message.contains("malformed") ?? false)
    }

    @Test("An unknown version of the format is named", arguments: [0, 4, 255] as [UInt8])
    func version(major: UInt8) {
        let error = refusal(NpyText.file("|u1", shape: "()", content: [1], major: major))
        #expect(error?.message == "found format version \(major), allowed are 1, 2, 3")
    }

    @Test func `Content beyond the shape is refused`() {
        let error = refusal(NpyText.file("|u1", shape: "(2,)", content: [1, 2, 3]))
        #expect(error?.message == "found 3 bytes, the shape [2] of uint8 takes 2")
    }

    @Test func `A header longer than is allowed is refused`() {
        let padding = String(repeating: " ", count: 70_000)
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (), }" + padding
        let error = refusal(NpyText.file(header: header, content: [1], major: 2))
        #expect(error?.message.contains("cut off or too long") ?? false)
    }

    @Test(
        "What is neither .npy nor .npz is refused",
        arguments: [[], [0x93], Array("hello, world, hello".utf8), [0x50], [0x93, 0x4E, 0x55, 0]]
            as [[UInt8]]
    )
    func neither(bytes: [UInt8]) {
        #expect(refusal(bytes)?.message == "is neither a .npy nor a .npz file")
    }

    @Test func `A file that is not there, and a folder, are named`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none.npz"
        let error = #expect(throws: DatasetError.self) { try Dataset(path: path) }
        #expect(error?.place == path)
        #expect(error?.message == "No such file or directory")
        #expect(throws: DatasetError.self) { try Dataset(path: folder.path) }
    }

    private func read(_ bytes: [UInt8]) throws -> NumericArray {
        let folder = try TemporaryFolder()
        return try Dataset(path: folder.write("a.npy", bytes)).array("array")
    }

    private func refusal(_ bytes: [UInt8]) -> DatasetError? {
        #expect(throws: DatasetError.self) { try self.read(bytes) }
    }
}
