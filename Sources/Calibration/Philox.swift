/// Random numbers that depend on a seed and a number alone: Philox-4x64-10 of Salmon, Moraes, Dror,
/// Shaw, *Parallel random numbers: as easy as 1, 2, 3*, SC 2011.
///
/// What an event draws is the same whatever it is computed beside, and in whatever order.
public enum Philox {
    /// Four words.
    public typealias Block = (UInt64, UInt64, UInt64, UInt64)

    private static let rounds = 10

    /// The block of a counter under a key.
    public static func block(counter: Block, key: (UInt64, UInt64)) -> Block {
        var words = counter
        var key = key
        for _ in 0..<rounds {
            let first = (0xD2E7_470E_E14C_6C93 as UInt64).multipliedFullWidth(by: words.0)
            let second = (0xCA5A_8263_9512_1157 as UInt64).multipliedFullWidth(by: words.2)
            words = (
                second.high ^ words.1 ^ key.0, second.low, first.high ^ words.3 ^ key.1, first.low
            )
            key.0 &+= 0x9E37_79B9_7F4A_7C15
            key.1 &+= 0xBB67_AE85_84CA_A73B
        }
        return words
    }

    /// The number in [0, 1) that event `event` draws under `seed`, a multiple of 2^-53.
    public static func uniform(seed: UInt64, event: UInt64) -> Double {
        Double(block(counter: (event, 0, 0, 0), key: (seed, 0)).0 >> 11) * 0x1p-53
    }
}
