import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct RankTableTests {
    /// Bounds of many kinds, ascending: clustered, spread over all magnitudes, whole, alike.
    private static func bounds(_ seed: UInt64) -> [Double] {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 0...200, using: &random)
        let kind = Int.random(in: 0..<6, using: &random)
        let values = (0..<count).map { _ -> Double in
            switch kind {
            case 0: random.normal()
            case 1: random.normal() * 1e-40
            case 2: random.normal() * 1e38
            case 3: Double(Int.random(in: -3...3, using: &random))
            case 4: exp2(Double(Int.random(in: -140...120, using: &random))) * random.normal()
            default: 1000 + random.uniform() * 1e-4
            }
        }
        return (values.filter(\.isFinite) + (seed % 3 == 0 ? [0, -0.0, 0] : [])).sorted()
    }

    /// Scores at, beside and between the bounds, and everywhere else.
    private static func scores(_ bounds: [Double], _ seed: UInt64) -> [Float] {
        var random = SeededRandom(seed: seed ^ 0xABCD)
        var scores: [Float] = [
            0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1, -1,
        ]
        for bound in bounds {
            let nearest = Float(bound)
            scores += [nearest, nearest.nextUp, nearest.nextDown]
        }
        for _ in 0..<50 {
            scores.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next())))
        }
        return scores.filter { !$0.isNaN }
    }

    @Test("Ranks are those of counting one by one", arguments: 1...400)
    func counting(seed: UInt64) {
        let bounds = Self.bounds(seed)
        let atLeast = RankTable(atLeast: bounds)
        let above = RankTable(above: [bounds])
        for score in Self.scores(bounds, seed) {
            let wide = Double(score)
            #expect(atLeast.rank(score) == bounds.count { $0 <= wide }, "\(score)")
            #expect(above.rank(score) == bounds.count { $0 < wide }, "\(score)")
        }
        let scores = Self.scores(bounds, seed).prefix(RankTable.blockRows) + [.nan]
        let block = Array(scores.suffix(RankTable.blockRows))
        var ranks = [Int32](repeating: 0, count: block.count)
        unsafe atLeast.ranks(of: block, lines: nil, rows: block.count, into: &ranks)
        for (score, rank) in zip(block, ranks) where !score.isNaN {
            #expect(Int(rank) == atLeast.rank(score))
        }
    }

    @Test("A table's p-values are those of the definition as float32", arguments: 1...60)
    func pValues(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...400, using: &random)
        let edges = seed % 2 == 0 ? [] : [-0.5, 0.25, 3]
        let pValues = try ConformalPValues.fit(
            scores: (0..<count).map { _ in (random.normal() * 8).rounded() / 8 },
            bins: MondrianGrid(try MondrianBins(edges: edges)),
            binColumns: [(0..<count).map { _ in random.normal() }]
        )
        let table = PValueTable(pValues)
        for _ in 0..<200 {
            let score = Float((random.normal() * 16).rounded() / 16)
            for bin in 0...edges.count {
                let expected = Float(pValues.pValue(Double(score), bin: bin))
                #expect(Self.pValues(table, [score, 0, score], [bin, 0, bin])[2] == expected)
            }
        }
        #expect(Self.pValues(table, [.nan], [0])[0].isNaN)
        #expect(Self.pValues(table, [0], [-1])[0].isNaN)
        let scores = (0..<RankTable.blockRows).map { _ in Float(random.normal() * 2) }
        let bins = scores.map { _ in Int.random(in: 0...edges.count, using: &random) }
        for (row, found) in Self.pValues(table, scores, bins).enumerated() {
            #expect(found == Float(pValues.pValue(Double(scores[row]), bin: bins[row])))
        }
    }

    private static func pValues(_ table: PValueTable, _ scores: [Float], _ bins: [Int]) -> [Float] {
        var found = [Float](repeating: 0, count: scores.count)
        unsafe table.write(scores, bins: bins.map(Int32.init), rows: scores.count, to: &found)
        return found
    }

    @Test("A row quotes what the pair at its score gives", arguments: 1...60)
    func vennAbers(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 2...300, using: &random)
        let step = seed % 2 == 0 ? 0.125 : 1e-6
        let scores = (0..<count).map { _ in (random.normal() / step).rounded() * step }
        var labels = scores.map { random.uniform() < 1 / (1 + exp(-2 * $0)) }
        labels[0] = true
        labels[1] = false
        let vennAbers = try VennAbers.fit(scores: scores, labels: labels)
        let table = VennAbersTable(vennAbers)
        let around = scores.flatMap { [Float($0), Float($0).nextUp, Float($0).nextDown] }
        for score in around + [.infinity, -.infinity, 0, -0.0] {
            let pair = vennAbers.pair(Double(score))
            let merged = VennAbers.merged(p0: pair.p0, p1: pair.p1)
            let index = Self.row(table, score)
            let row = table.row(index)
            let wide = table.pair(index)
            #expect(wide.p0 == pair.p0 && wide.p1 == pair.p1 && wide.merged == merged)
            #expect(row.value == Float(merged))
            #expect(Double(row.lower) <= pair.p0 && Double(row.upper) >= pair.p1)
            let ratio = PriorShift.logLikelihoodRatio(merged, prior: vennAbers.prior)
            #expect(row.ratio == Float(ratio))
        }
        let nan = Self.row(table, .nan)
        #expect(table.row(nan).value.isNaN && table.pair(nan).p0.isNaN)
    }

    private static func row(_ table: VennAbersTable, _ score: Float) -> Int {
        var found: [Int32] = [0, 0]
        unsafe table.find([0, score], rows: 2, into: &found)
        return Int(found[1])
    }
}
