import StrictYAML
import Testing

@Suite struct YAMLValueTests {
    enum Colour: String, CaseIterable { case red, green }

    @Test(
        "Strings are taken quoted, plain, folded, and empty where that is allowed",
        arguments: [
            ("abc", "abc"), ("'12'", "12"), ("\"true\"", "true"), ("'null'", "null"),
            ("a b", "a b"),
            ("1.2.3", "1.2.3"), ("yes", "yes"), ("\"a\\nb\"", "a\nb"),
            ("é", "é"), ("''", ""), ("|\n  a\n  b", "a\nb\n"), (">-\n  a\n  b", "a b"),
        ]
    )
    func string(text: String, wanted: String) throws {
        #expect(try value(text).string(allowsEmpty: true) == wanted)
    }

    @Test(
        "A plain scalar of another type wants quotes to be a string",
        arguments: [
            ("12", "whole number"), ("-3", "whole number"), ("1.5", "number"), ("1e3", "number"),
            ("nan", "number"), ("0x10", "number"), ("true", "boolean"), ("False", "boolean"),
            ("null", "null"),
            ("~", "null"), ("", "null"),
        ]
    )
    func plain(text: String, type: String) {
        refuse(text, "found the \(type) \(text), allowed is a string (in quotes)") {
            _ = try $0.string(allowsEmpty: true)
        }
    }

    @Test func `A string is neither empty, nor too long, nor a collection`() throws {
        refuse("''", "found an empty string") { _ = try $0.string() }
        refuse("abcd", "found 4 bytes, allowed are 3") { _ = try $0.string(maximumBytes: 3) }
        refuse("éé", "found 4 bytes, allowed are 3") { _ = try $0.string(maximumBytes: 3) }
        refuse("[a]", "found a list of 1, allowed is a string") { _ = try $0.string() }
        refuse("{a: b}", "found a mapping of 1, allowed is a string") { _ = try $0.string() }
        #expect(try value("abc").string(maximumBytes: 3) == "abc")
    }

    @Test func `A choice is one of its words`() throws {
        #expect(try value("green").choice(Colour.self) == .green)
        for text in ["blue", "Green", "'green '", "12"] {
            let found = text.trimmingPrefix("'").prefix { $0 != "'" }
            refuse(text, "found '\(found)', allowed are red, green") {
                _ = try $0.choice(Colour.self)
            }
        }
        refuse("[green]", "found a list of 1, allowed are red, green") {
            _ = try $0.choice(Colour.self)
        }
    }

    @Test func `A whole number is taken within its range, ends included`() throws {
        for number in [-5, 0, 7] { #expect(try value("\(number)").int(in: -5...7) == number) }
        for number in [-6, 8, Int.max, Int.min] {
            refuse("\(number)", "found \(number), allowed are -5 to 7") {
                _ = try $0.int(in: -5...7)
            }
        }
    }

    @Test(
        "What is no whole number is refused",
        arguments: [
            ("1.0", "'1.0'"), ("1e3", "'1e3'"), ("'1'", "'1'"), ("0x10", "'0x10'"),
            ("1_000", "'1_000'"),
            ("true", "'true'"), ("", "''"), ("9223372036854775808", "'9223372036854775808'"),
            ("[1]", "a list of 1"), ("{1: 1}", "a mapping of 1"), ("one", "'one'"),
        ]
    )
    func noInt(text: String, found: String) {
        refuse(text, "found \(found), allowed is a whole number") { _ = try $0.int(in: 0...9) }
    }

    @Test func `A number is taken within its range, ends included`() throws {
        for text in ["0.25", "1", "0", "1e-3", ".5"] {
            #expect(try value(text).double(in: 0...1) == Double(text))
        }
        refuse("1.5", "found 1.5, allowed are 0.0 to 1.0") { _ = try $0.double(in: 0...1) }
        refuse("-1e-9", "found -1e-09, allowed are 0.0 to 1.0") { _ = try $0.double(in: 0...1) }
        #expect(try value("-1e308").double() == -1e308)
    }

    @Test(
        "What is no finite number is refused",
        arguments: [
            ("nan", "'nan'"), ("inf", "'inf'"), (".inf", "'.inf'"), ("-.inf", "'-.inf'"),
            (".nan", "'.nan'"), ("1e999", "'1e999'"), ("'1.5'", "'1.5'"), ("1,5", "'1,5'"),
            ("", "''"),
            ("[1.5]", "a list of 1"), ("~", "'~'"),
        ]
    )
    func noDouble(text: String, found: String) {
        refuse(text, "found \(found), allowed is a finite number") { _ = try $0.double() }
    }

    @Test func `Only true and false are booleans`() throws {
        #expect(try value("true").bool())
        #expect(try !value("false").bool())
        for text in ["True", "yes", "on", "1", "~"] {
            refuse(text, "found '\(text)', allowed is true or false") { _ = try $0.bool() }
        }
        refuse("'true'", "found 'true', allowed is true or false") { _ = try $0.bool() }
        refuse("[true]", "found a list of 1, allowed is true or false") { _ = try $0.bool() }
    }

    @Test func `A list has as many entries as are allowed`() throws {
        let list = try value("[a, b]").list(count: 1...2)
        #expect(list.map(\.key) == ["k[0]", "k[1]"])
        #expect(try list[1].string() == "b")
        refuse("[]", "found 0 entries, allowed are 1 to 2") { _ = try $0.list(count: 1...2) }
        refuse("[1, 2, 3]", "found 3 entries, allowed are 1 to 2") { _ = try $0.list(count: 1...2) }
        refuse("a", "found 'a', allowed is a list") { _ = try $0.list(count: 1...2) }
        refuse("{a: 1}", "found a mapping of 1, allowed is a list") {
            _ = try $0.list(count: 1...2)
        }
    }

    @Test func `A mapping has strings for keys`() throws {
        refuse("{[1]: 2}", "a key is not a string") { _ = try $0.mapping() }
        refuse("a", "found 'a', allowed is a mapping") { _ = try $0.mapping() }
        refuse("[a]", "found a list of 1, allowed is a mapping") { _ = try $0.mapping() }
    }

    @Test func `What is quoted in an error is cut`() {
        let long = String(repeating: "x", count: 500)
        let cut = String(repeating: "x", count: 80)
        refuse(long, "found '\(cut)', allowed is a whole number") { _ = try $0.int(in: 0...9) }
    }

    /// The value of the key k in line 2.
    private func value(_ text: String) throws -> YAMLValue {
        var mapping = try YAMLDocument.mapping(
            Array("# a comment\nk: \(text)\n".utf8),
            file: "f.yaml"
        )
        return try mapping.require("k")
    }

    private func refuse(
        _ text: String,
        _ message: String,
        _ location: SourceLocation = #_sourceLocation,
        by read: (YAMLValue) throws -> Void
    ) {
        let error = #expect(throws: YAMLError.self, sourceLocation: location) {
            try read(self.value(text))
        }
        #expect(error?.description == "f.yaml:2: k: \(message)", sourceLocation: location)
    }
}
