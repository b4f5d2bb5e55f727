import Calibration
import Testing

/// The reader behind calibration files, through its only door.
@Suite struct JSONTextTests {
    @Test(
        "Text that is not JSON is refused at its byte",
        arguments: [
            ("", 0), ("   ", 3), ("{", 1), ("{]", 1), (#"{"a"}"#, 4), (#"{"a":}"#, 5),
            (#"{"a":1,}"#, 7), (#"{"a":1"b":2}"#, 6), (#"{"a":1}x"#, 7), (#"{"a":01}"#, 6),
            (#"{"a":.5}"#, 5), (#"{"a":5.}"#, 7), (#"{"a":+5}"#, 5), (#"{"a":1e}"#, 7),
            (#"{"a":0x1}"#, 6), (#"{"a":NaN}"#, 5), (#"{"a":Infinity}"#, 5), (#"{"a":-}"#, 6),
            (#"{"a":1e999}"#, 5), (#"{"a":tru}"#, 5), (#"{"a":[1,]}"#, 8), (#"{"a":[1 2]}"#, 8),
            (#"{"a":"x}"#, 8), (#"{"a":"\x"}"#, 7), (#"{"a":"\u12"}"#, 10),
            (#"{"a":"\ud800"}"#, 12), (#"{"a":"\ud800\u0041"}"#, 18), (#"{"a":"\udc00"}"#, 12),
            (#"{"a":1,"a":2}"#, 7), ("{'a':1}", 1), ("{\"a\":\"\u{1}\"}", 6),
            ("/* c */{}", 0), ("\u{FEFF}{}", 0),
        ]
    )
    func refuse(text: String, byte: Int) {
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(json: Array(text.utf8))
        }
        #expect(error?.what == "JSON at byte \(byte)")
    }

    @Test func `Bytes that are not UTF-8 are refused`() {
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(json: Array("{\"".utf8) + [0xFF] + Array("\":1}".utf8))
        }
        #expect(error?.allowed == "UTF-8")
    }

    @Test("Deep nesting is refused, not recursed into", arguments: ["[", "{\"a\":"])
    func deep(opening: String) {
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(json: Array(String(repeating: opening, count: 1_000_000).utf8))
        }
        #expect(error?.allowed == "nesting of at most 16")
    }

    @Test func `A file past the limit is refused unread`() {
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(
                json: [UInt8](repeating: 0x20, count: CalibrationFile.maximumBytes + 1)
            )
        }
        #expect(error?.what == "file")
    }

    @Test("Only an object is a file", arguments: ["[]", "3", "\"x\"", "null", "[1, {}]", "true"])
    func object(text: String) {
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(json: Array(text.utf8))
        }
        #expect(error?.what == "file")
    }

    @Test func `Escapes mean what they say`() throws {
        let json = try CalibrationFileExamples.small(
            replacing: #""version": "3""#,
            with: #""version": "\u0033\/\"\\\u00e9\uD83D\uDE00""#
        )
        #expect(try CalibrationFile(json: json).version == "3/\"\\é😀")
    }

    @Test func `A refusal is one short line whatever was found`() {
        let key = String(repeating: "k\u{202E}\\n", count: 500)
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(json: Array("{\"\(key)\": 1, \"\(key)\": 2}".utf8))
        }
        let line = error?.description ?? ""
        #expect(line.count < 600)
        #expect(!line.unicodeScalars.contains { $0 == "\n" || $0 == "\u{202E}" })
    }
}
