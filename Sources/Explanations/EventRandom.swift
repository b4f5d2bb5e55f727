internal import Calibration

/// Whole numbers that one event draws, one after the other, from Philox by seed and event alone.
struct EventRandom {
    /// The third word of the counter keeps these apart from what else an event draws under its seed.
    private static let stream: UInt64 = 1

    private let seed: UInt64
    private let event: UInt64
    private var blocks: UInt64 = 0
    private var words: Philox.Block = (0, 0, 0, 0)
    private var left = 0

    init(seed: UInt64, event: UInt64) {
        self.seed = seed
        self.event = event
    }

    /// Uniform among 0, 1, ..., `bound` - 1.
    ///
    /// The high half of a product (Lemire 2019, arXiv:1805.10941) without its rejection: numbers
    /// differ in probability by less than 2^-40 of it for any bound drawn here.
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    private mutating func next() -> UInt64 {
        if left == 0 {
            words = Philox.block(counter: (event, blocks, Self.stream, 0), key: (seed, 0))
            blocks += 1
            left = 4
        }
        let word = words.0
        words = (words.1, words.2, words.3, word)
        left -= 1
        return word
    }
}
