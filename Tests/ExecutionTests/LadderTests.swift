import Execution
import Testing

@Suite struct LadderTests {
    private let ladder = Ladder(
        steps: [
            .init(rows: 2, nanoseconds: 900, worstNanoseconds: 1500),
            .init(rows: 64, nanoseconds: 20_000, worstNanoseconds: 20_000),
        ],
        refused: [1, 32]
    )

    @Test func `What is written is read`() {
        let text = ladder.text
        #expect(
            text == """
                rows 2 nanoseconds 900 worst 1500
                rows 64 nanoseconds 20000 worst 20000
                refused 1
                refused 32

                """
        )
        #expect(Ladder(text: text) == ladder)
    }

    @Test func `It is about its own shapes only`() {
        #expect(ladder.covers([1, 2, 32, 64]))
        #expect(!ladder.covers([1, 2, 64]))
        #expect(!ladder.covers([1, 2, 32, 64, 128]))
    }

    @Test(
        "Anything else is no ladder",
        arguments: [
            "", "\n", "refused 1\n", "rows 2 nanoseconds 900", "rows 2 nanoseconds 900 worst 899\n",
            "rows 0 nanoseconds 1 worst 1\n", "rows 2 nanoseconds 0 worst 1\n",
            "rows -2 nanoseconds 1 worst 1\n", "rows 2  nanoseconds 1 worst 1\n",
            "rows 2 nanoseconds 1 worst 1\nrows 2 nanoseconds 1 worst 1\n",
            "rows 4 nanoseconds 1 worst 1\nrows 2 nanoseconds 1 worst 1\n",
            "rows 2 nanoseconds 1 worst 1\nrefused 4\nrefused 4\n",
            "rows 2 nanoseconds 1 worst 99999999999999999999\n",
            "rows 2 nanoseconds 1 worst 86400000000001\n",
            "rows 2 nanoseconds 1 worst 1\n\0", "rows 2 nanoseconds 1 worst 1 2\n",
        ]
    )
    func junk(text: String) {
        #expect(Ladder(text: text) == nil)
    }

    @Test func `No damage of a text traps`() {
        let bytes = Array(ladder.text.utf8)
        for place in bytes.indices {
            for byte: UInt8 in [0, 0x0A, 0x20, 0x2D, 0x30, 0x39, 0xFF] {
                var damaged = bytes
                damaged[place] = byte
                if let read = Ladder(text: String(decoding: damaged, as: UTF8.self)) {
                    #expect(!read.steps.isEmpty)
                }
            }
        }
    }
}
