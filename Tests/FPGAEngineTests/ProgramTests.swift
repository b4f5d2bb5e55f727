import TestSupport
import Testing

@testable import FPGAEngine

/// What the reader refuses, and what no reference program has.
struct ProgramTests {
    private static let signed = ProgramWords.port(true, 3, 0)
    private static let copy = ProgramWords.Operation(code: -1, first: 0, format: (1, 3, 0))

    private func refusal(_ words: ProgramWords) -> String {
        do throws(FirmwareError) {
            _ = try words.program(
                [FixedPointFormat](repeating: Self.signed, count: Int(words.inputCount)),
                [FixedPointFormat](repeating: Self.signed, count: words.outputs.count)
            )
            return "nothing"
        } catch {
            return error.description
        }
    }

    @Test("A copy gives its word")
    func copy() throws {
        let program = try ProgramWords(operations: [Self.copy])
            .program([Self.signed], [Self.signed])
        #expect(try ProgramWords.run(program, [-8, -1, 0, 7]) == [-8, -1, 0, 7])
    }

    @Test("Bits above a word's own are not read")
    func highBits() throws {
        let program = try ProgramWords(operations: [Self.copy])
            .program([Self.signed], [Self.signed])
        #expect(try ProgramWords.run(program, [0x7F8, -16, 23]) == [-8, 0, 7])
    }

    @Test("The highest bit of a key without a sign is followed, as logic does")
    func unsignedKey() throws {
        let key = ProgramWords.port(false, 4, 0)
        let flag = ProgramWords.port(false, 1, 0)
        let words = ProgramWords(
            operations: [
                .init(code: -1, first: 0, format: (0, 4, 0)),
                .init(code: 5, data: 1, format: (0, 1, 0)),
                .init(code: 5, data: 0, format: (0, 0, 0)),
                .init(code: 6, first: 1, second: 2, data: 0, format: (0, 1, 0)),
            ],
            outputs: [(3, 0, 0)]
        )
        let answers = try ProgramWords.run(words.program([key], [flag]), Array(0..<16))
        #expect(answers == (0..<16).map { $0 < 8 ? 0 : 1 })
    }

    @Test("A table gives 0 where da4ml's has no element")
    func shortTable() throws {
        let words = ProgramWords(
            operations: [Self.copy, .init(code: 8, first: 0, data: 1 << 32, format: (1, 3, 0))],
            outputs: [(1, 0, 0)],
            tables: [[3, 4, 5]]
        )
        let program = try words.program([Self.signed], [Self.signed])
        #expect(try ProgramWords.run(program, [-8, -7, -6, -5, -4, 7]) == [0, 3, 4, 5, 0, 0])
    }

    @Test("Numbers beyond 32 bits take wider lanes")
    func wideLanes() throws {
        let port = ProgramWords.port(true, 31, 0)
        let words = ProgramWords(
            operations: [
                .init(code: -1, first: 0, format: (1, 31, 0)),
                .init(code: 7, first: 0, second: 0, format: (1, 62, 0)),
                .init(code: 3, first: 1, format: (1, 62, -31)),
            ],
            outputs: [(2, 0, 0)]
        )
        let program = try words.program([port], [ProgramWords.port(true, 62, -31)])
        #expect(!program.code.isNarrow)
        let answers = try ProgramWords.run(program, [.max, .min + 1, 1 << 16, 3])
        #expect(answers == [.max - 1, .max - 1, 2, 0])
    }

    @Test("Numbers beyond 64 bits are refused")
    func tooWide() {
        let words = ProgramWords(
            operations: [
                Self.copy, .init(code: 0, first: 0, second: 0, data: 61, format: (1, 63, 0)),
            ]
        )
        #expect(
            refusal(words)
                == "program.dais: operation 1: found numbers from -18446744073709551616 to "
                + "16140901064495857664, allowed is those of 64 bits"
        )
    }

    /// Broken programs and what is said of them.
    private static let broken: [(ProgramWords, String)] = [
        (
            ProgramWords(version: 2, operations: [copy]),
            "program.dais: version: found 2, allowed is 1"
        ),
        (
            ProgramWords(operations: [.init(code: 11, first: 0, format: (1, 3, 0))]),
            "program.dais: operation 0: found the code 11, allowed is -1 to 10, -2, -3, -6 and -9: "
                + "those of da4ml 0.6.0"
        ),
        (
            ProgramWords(operations: [.init(code: -1, first: 1, format: (1, 3, 0))]),
            "program.dais: input of operation 0: found 1, allowed is below 1"
        ),
        (
            ProgramWords(operations: [
                copy, .init(code: 0, first: 0, second: 1, format: (1, 4, 0)),
            ]),
            "program.dais: second operand of operation 1: found 1, allowed is an earlier operation"
        ),
        (
            ProgramWords(operations: [
                copy, .init(code: 6, first: 0, second: 0, data: 5, format: (1, 4, 0)),
            ]),
            "program.dais: key operand of operation 1: found 5, allowed is an earlier operation"
        ),
        (
            ProgramWords(operations: [
                copy, .init(code: 0, first: 0, second: 0, data: 1 << 40, format: (1, 4, 0)),
            ]),
            "program.dais: shift of operation 1: found 1099511627776, allowed is -128 to 128"
        ),
        (
            ProgramWords(operations: [
                copy, .init(code: 0, first: 0, second: 0, format: (1, 4, 1)),
            ]),
            "program.dais: operation 1: found 1 fraction bits, allowed is 0, which follow from its "
                + "operands"
        ),
        (
            ProgramWords(operations: [copy, .init(code: 3, first: 0, format: (1, 3, 1))]),
            "program.dais: operation 1: found 1 fraction bits, allowed is at most the 0 of its operand"
        ),
        (
            ProgramWords(operations: [copy, .init(code: 4, first: 0, data: 1, format: (1, 4, -1))]),
            "program.dais: operation 1: found an operand raised by -1 bits, allowed is 0 to 63"
        ),
        (
            ProgramWords(operations: [copy, .init(code: 8, first: 0, format: (1, 3, 0))]),
            "program.dais: table of operation 1: found 0, allowed is below 0"
        ),
        (
            ProgramWords(
                operations: [copy, .init(code: 8, first: 0, data: 14 << 32, format: (1, 3, 0))],
                tables: [[1, 2, 3]]
            ),
            "program.dais: operation 1: found 3 elements from 14 on, allowed is the 16 of 4 bits"
        ),
        (
            ProgramWords(operations: [copy, .init(code: 9, first: 0, data: 3, format: (0, 1, 0))]),
            "program.dais: operation 1: found the unary kind 3, allowed is 0 (not), 1 (any) or 2 (all)"
        ),
        (
            ProgramWords(operations: [
                copy, .init(code: 10, first: 0, second: 0, data: 3 << 56, format: (1, 3, 0)),
            ]),
            "program.dais: operation 1: found the bitwise kind 3, allowed is 0 (and), 1 (or) or 2 (xor)"
        ),
        (
            ProgramWords(operations: [.init(code: -1, first: 0, format: (1, 70, 0))]),
            "program.dais: format of operation 0: found sign 1, 70 and 0 bits, allowed is sign 0 or "
                + "1, points within 128, 0 to 64 bits in all"
        ),
        (
            ProgramWords(operations: [copy], outputs: [(1, 0, 0)]),
            "program.dais: output 0: found operation 1, allowed is one of the 1 there are"
        ),
        (
            ProgramWords(operations: [copy], outputs: [(0, 0, 2)]),
            "program.dais: sign of output 0: found 2, allowed is 0 or 1"
        ),
        (
            ProgramWords(operations: [copy], outputs: [(0, 1, 0)]),
            "program.dais: output 0: found a value with -1 fraction bits, allowed is 0 in 4 bits, its "
                + "port's"
        ),
    ]

    @Test("A broken program is refused, and the message says why", arguments: broken.indices)
    func refusals(index: Int) {
        #expect(refusal(Self.broken[index].0) == Self.broken[index].1)
    }

    @Test("Other numbers of ports are refused")
    func portCounts() {
        let words = ProgramWords(operations: [Self.copy])
        let error = #expect(throws: FirmwareError.self) {
            try words.program([Self.signed, Self.signed], [Self.signed])
        }
        #expect(
            error?.description
                == "program.dais: inputs: found 1, allowed is 2, as many as ports in firmware.json"
        )
    }
}
