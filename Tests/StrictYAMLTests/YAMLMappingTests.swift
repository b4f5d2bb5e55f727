import StrictYAML
import TestSupport
import Testing

@Suite struct YAMLMappingTests {
    @Test func `Keys are taken one by one, and nothing may be left`() throws {
        var mapping = try YAMLDocument.mapping(Array("b: 1\na: 2\n".utf8), file: "f.yaml")
        #expect(mapping.key == "")
        #expect(try mapping.take("a")?.int(in: 0...9) == 2)
        #expect(mapping.take("a") == nil)
        #expect(mapping.take("c") == nil)
        #expect(try mapping.require("b").int(in: 0...9) == 1)
        try mapping.finish()
    }

    @Test func `A key that is missing is named`() throws {
        var top = try YAMLDocument.mapping(Array("x: 1\ny:\n  z: 1\n".utf8), file: "f.yaml")
        let error = #expect(throws: YAMLError.self) { try top.require("a") }
        #expect(error?.description == "f.yaml:1: the key 'a' is missing")
        var inner = try top.require("y").mapping()
        let other = #expect(throws: YAMLError.self) { try inner.require("a") }
        #expect(other?.description == "f.yaml:3: y: the key 'a' is missing")
    }

    @Test func `The first unknown key is named with its line and those that are known`() throws {
        var mapping = try YAMLDocument.mapping(
            Array("b: 1\n\nmodel: 2\nmodles: 3\n".utf8),
            file: "f.yaml"
        )
        _ = mapping.take("models")
        _ = mapping.take("b")
        let error = #expect(throws: YAMLError.self) { try mapping.finish() }
        #expect(
            error
                == YAMLError(
                    file: "f.yaml",
                    line: 3,
                    key: "model",
                    message: "unknown key 'model', allowed are b, models"
                )
        )
    }

    @Test func `Free keys are given in the order of the file`() throws {
        var mapping = try YAMLDocument.mapping(Array("z: 1\na: 2\nm: 3\n".utf8), file: "f.yaml")
        #expect(mapping.takeAll().map(\.name) == ["z", "a", "m"])
        try mapping.finish()
    }

    @Test("Damaged documents are refused or read, never a crash", arguments: 0..<20)
    func hostile(round: UInt64) throws {
        let text = """
            name: &n "a\\n"
            list: [1, 2.5, {x: *n}, 'y']
            more:
              - |
                block
              - ? key
                : !!str value
            """
        var random = SeededRandom(seed: 100 + round)
        for _ in 0..<500 {
            let bytes = Damage.mutated(Array(text.utf8), &random)
            let damaged = String(decoding: bytes, as: UTF8.self)
            do throws(YAMLError) {
                var mapping = try YAMLDocument.mapping(Array(damaged.utf8), file: "f.yaml")
                for (_, value) in mapping.takeAll() { read(value) }
            } catch {
                #expect(error.line >= 1)
                #expect(!error.message.isEmpty)
                #expect(!error.message.contains("\n"))
            }
        }
    }

    /// Reads a value as everything; most of it is refused.
    private func read(_ value: YAMLValue) {
        _ = try? value.string()
        _ = try? value.int(in: 0...9)
        _ = try? value.double()
        _ = try? value.bool()
        for entry in (try? value.list(count: 0...99)) ?? [] { read(entry) }
        if var mapping = try? value.mapping() {
            for (_, inner) in mapping.takeAll() { read(inner) }
        }
    }
}
