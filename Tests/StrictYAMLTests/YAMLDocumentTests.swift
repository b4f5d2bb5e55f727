import StrictYAML
import Testing

@Suite struct YAMLDocumentTests {
    @Test(
        "What is no YAML is refused at its line",
        arguments: [
            ("a: 1\nb: [1\nc: 2\n", 3, "did not find expected ',' or ']'"),
            ("a: 1\n b: 2\n", 2, "mapping values are not allowed in this context"),
            ("a: 1\n\tb: 2\n", 2, ""),
            ("a: 1\nb: 'x\n", 3, "found unexpected end of stream"),
            ("a: 1\nb: @x\n", 2, "found character that cannot start any token"),
            ("a: 1\n---\nb: 2\n", 2, "another document"),
            ("a: 1\n\nb: *x\n", 3, "anchors and aliases are not allowed"),
            ("a: &x [1]\n", 1, "anchors and aliases are not allowed"),
            ("? [1,*x]\n: 2\n", 1, "anchors and aliases are not allowed"),
            ("# no *word*\na: {*x : 1}\n", 2, "anchors and aliases are not allowed"),
            ("a: 1\nb: 2\nc: \u{1}\n", 3, "found the control character 1"),
            ("a: 1\r\nb: 2\r\nc: \u{0}\r\n", 3, "found the control character 0"),
        ]
    )
    func syntax(text: String, line: Int, words: String) {
        let error = refusal(text)
        #expect(error?.file == "f.yaml")
        #expect(error?.line == line)
        #expect(error?.key == "")
        #expect(error?.message.contains(words) ?? false, "\(error?.message ?? "")")
        #expect(error?.message.contains("\n") == false)
    }

    @Test(
        "A key that stands twice is refused",
        arguments: [
            ("a: 1\nb: 2\na: 3\n", "a"), ("a: 1\n\"a\": 2\n", "a"),
            ("x: 1\ny: {b: 1, b: 2}\n", "b"),
            ("x: 1\ny:\n  - c: 1\n    c: 2\n", "c"),
        ]
    )
    func duplicate(text: String, key: String) {
        let error = refusal(text)
        #expect(error?.message == "stands twice")
        #expect(error?.key == key)
    }

    @Test("A number and its quoted twin are one key", arguments: ["1", "true", "null"])
    func duplicateTwin(key: String) {
        let error = refusal("a: 0\n\(key): 1\n'\(key)': 2\n")
        #expect(error?.message == "stands twice")
        #expect(error?.key == key)
        #expect(error?.line == 3)
    }

    @Test("A file without content is empty", arguments: ["", "\n\n", "# a comment\n"])
    func empty(text: String) {
        #expect(refusal(text)?.description == "f.yaml:1: the file is empty")
    }

    @Test(
        "The top must be a mapping",
        arguments: [
            ("- 1\n- 2\n", "a list of 2"), ("x\n", "'x'"), ("12\n", "'12'"), ("--- ~\n", "'~'"),
            ("'a: 1'", "'a: 1'"),
        ]
    )
    func top(text: String, found: String) {
        #expect(refusal(text)?.description == "f.yaml:1: found \(found), allowed is a mapping")
    }

    @Test func `A document may be as long as is allowed and no longer`() throws {
        let most = YAMLDocument.maximumBytes
        let text = "a: 1\n#" + String(repeating: "x", count: most - 6)
        var mapping = try YAMLDocument.mapping(Array(text.utf8), file: "f.yaml")
        #expect(try mapping.require("a").int(in: 1...1) == 1)
        #expect(
            refusal(text + "x")?.description
                == "f.yaml:1: \(most + 1) bytes, allowed are \(most)"
        )
    }

    @Test(
        "Nesting beyond a bound is refused, however deep",
        arguments: ["[", "{a: ", "- "],
        [1100, 5000, 50_000]
    )
    func depth(open: String, depth: Int) {
        let text = "a:\n  " + String(repeating: open, count: depth) + "1"
        #expect(text.utf8.count <= YAMLDocument.maximumBytes)
        let error = refusal(text)
        #expect(error?.message.contains("nesting level") ?? false, "\(error?.message ?? "read")")
    }

    @Test func `Stars and ampersands that begin no word are text`() throws {
        let text = "a: tcp://*:5555\nb: 2 * 3 & 4\n# *emphasis*\n"
        var mapping = try YAMLDocument.mapping(Array(text.utf8), file: "f.yaml")
        #expect(try mapping.require("a").string() == "tcp://*:5555")
        #expect(try mapping.require("b").string() == "2 * 3 & 4")
    }

    @Test func `Bytes that are not UTF-8 are refused at their line`() {
        let bytes = Array("a: 1\nb: ".utf8) + [0xFC, 0x0A]
        let error = #expect(throws: YAMLError.self) {
            try YAMLDocument.mapping(bytes, file: "f.yaml")
        }
        #expect(error?.description == "f.yaml:2: found bytes that are not UTF-8")
    }

    @Test func `An error is one line whatever the file holds`() throws {
        var mapping = try YAMLDocument.mapping(Array("\"k\\ny\": 1\n".utf8), file: "f.yaml")
        _ = mapping.take("a")
        let error = #expect(throws: YAMLError.self) { try mapping.finish() }
        #expect(error?.description.contains("k\\ny") ?? false)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func `Lines and keys are those of the file, with either end of line`() throws {
        for end in ["\n", "\r\n"] {
            let text = ["# one", "a:", "  - x: 1", "    y:", "", "      z: 2"].joined(
                separator: end
            )
            var top = try YAMLDocument.mapping(Array(text.utf8), file: "f.yaml")
            let list = try top.require("a").list(count: 1...1)
            var entry = try list[0].mapping()
            let x = try entry.require("x")
            #expect(x.line == 3 && x.key == "a[0].x")
            var y = try entry.require("y").mapping()
            let z = try y.require("z")
            #expect(z.line == 6 && z.key == "a[0].y.z")
        }
    }

    private func refusal(_ text: String) -> YAMLError? {
        #expect(throws: YAMLError.self) {
            try YAMLDocument.mapping(Array(text.utf8), file: "f.yaml")
        }
    }
}
