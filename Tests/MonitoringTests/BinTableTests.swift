import Calibration
import Monitoring
import TestSupport
import Testing

@Suite struct BinTableTests {
    /// Edges of many kinds: even, clustered, over all magnitudes, denormal, next to one another,
    /// past what float32 holds.
    private static func bins(_ seed: UInt64) throws -> MondrianBins {
        var random = SeededRandom(seed: seed)
        let count = random.int(0...ReferenceFile.maximumBins - 1)
        let kind = random.int(0...7)
        let values = (0..<count).map { index -> Double in
            switch kind {
            case 0: Double(index) / 8
            case 1: random.normal()
            case 2: random.normal() * 1e-42
            case 3: random.normal() * 1e38
            case 4:
                random.normal()
                    * Double(sign: .plus, exponent: random.int(-140...120), significand: 1)
            case 5: 1000 + random.uniform() * 1e-4
            case 6: random.normal() * 1e300
            default: Double(Float(1).nextUp) + Double(index) * 0x1p-24
            }
        }
        let zero = seed.isMultiple(of: 3) && count > 1 ? [0.0] : []
        let edges = Set(values.filter(\.isFinite).dropFirst() + zero)
        return try MondrianBins(edges: edges.sorted())
    }

    /// Numbers at, beside and between the edges, and everywhere else.
    private static func numbers(_ edges: [Double], _ seed: UInt64) -> [Float] {
        var random = SeededRandom(seed: seed ^ 0xABCD)
        var numbers: [Float] = [
            0, -0.0, 1, -1, .nan, .signalingNaN, .infinity, -.infinity, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        ]
        for edge in edges {
            let nearest = Float(edge)
            numbers += [nearest, nearest.nextUp, nearest.nextDown]
        }
        for _ in 0..<200 {
            numbers.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next())))
            let low = edges.first ?? 0
            let high = edges.last ?? 1
            numbers.append(Float(low + (high - low) * (random.uniform() * 1.2 - 0.1)))
        }
        return numbers
    }

    @Test("Numbers lie where a search among the edges finds them", arguments: 1...400)
    func searched(seed: UInt64) throws {
        let bins = try Self.bins(seed)
        let table = BinTable(bins)
        let numbers = Self.numbers(bins.edges, seed)
        var expected = [UInt32](repeating: 0, count: bins.count + 1)
        for number in numbers {
            let bin = number.isFinite ? bins.index(of: Double(number)) : bins.count
            #expect(table.bin(of: number) == bin, "\(number)")
            expected[bin ?? 0] += 1
        }
        // As components of events, three numbers each.
        let events = numbers.flatMap { [Float.nan, $0, .nan] }
        var counts = [UInt32](repeating: 0, count: bins.count + 1)
        unsafe events.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe table.tally(base + 4, stride: 12, rows: numbers.count, into: &counts)
        }
        #expect(counts == expected)
    }

    @Test func `Edges of an ordinary spectrum are told apart by cells, very uneven ones are not`()
        throws
    {
        var random = SeededRandom(seed: 5)
        let normal = (0..<20_000).map { _ in random.normal() }
        let spectrum = normal.map { 5000 * ($0 * 0.7).magnitude + 645 }
        for values in [normal, spectrum] {
            #expect(try BinTable(ReferenceHistogram.equalShares(values, count: 50)).hasCells)
        }
        #expect(BinTable(.whole).hasCells)
        let decades = try MondrianBins(
            edges: (-30...30).map { Double(sign: .plus, exponent: $0, significand: 1) }
        )
        #expect(!BinTable(decades).hasCells)
        #expect(try !BinTable(MondrianBins(edges: [-1e39, 0, 1e39])).hasCells)
    }
}
