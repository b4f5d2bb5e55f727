import Calibration
import Testing

@Suite struct PhiloxTests {
    @Test func `The published answer for zeros comes out`() {
        // Of the authors' list of known answers, philox4x64 with ten rounds.
        let block = Philox.block(counter: (0, 0, 0, 0), key: (0, 0))
        #expect(
            block == (
                0x1655_4d9e_ca36_314c, 0xdb20_fe9d_672d_0fdc, 0xd7e7_72ce_e186_176b,
                0x7e68_b68a_ec7b_a23b
            )
        )
    }

    @Test("Blocks are numpy's", arguments: Golden.shared.philox.indices)
    func reference(index: Int) throws {
        let golden = Golden.shared.philox[index]
        let (counter, key) = (golden.counter, golden.key)
        let block = Philox.block(
            counter: (counter[0], counter[1], counter[2], counter[3]),
            key: (key[0], key[1])
        )
        #expect([block.0, block.1, block.2, block.3] == golden.words)
    }

    @Test func `An event's number is its own, and numbers are uniform`() {
        let numbers = (0..<100_000).map { Philox.uniform(seed: 7, event: $0) }
        #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(Philox.uniform(seed: 7, event: 41) == numbers[41])
        #expect(Philox.uniform(seed: 8, event: 41) != numbers[41])
        for tenth in 1..<10 {
            let below = numbers.count { $0 < Double(tenth) / 10 }
            // Five standard deviations.
            #expect(abs(Double(below) - 10_000 * Double(tenth)) < 5 * 158.2)
        }
    }
}
