import Calibration
import TestSupport
import Testing

@Suite struct HeldOutTests {
    /// Residuals that are three times as wide above 0 of the bin column.
    private static func events(
        _ count: Int,
        _ random: inout SeededRandom
    ) -> (samples: [SplitConformal.Sample], column: [Double]) {
        let column = (0..<count).map { _ in random.normal() }
        let samples = column.map { place in
            let size: Double = place < 0 ? 1 : 3
            let truth = size * random.normal()
            return SplitConformal.Sample(truth: truth, value: 0, lower: -1, upper: 1, sigma: size)
        }
        return (samples, column)
    }

    private let grid: MondrianGrid

    init() throws { grid = MondrianGrid(try MondrianBins(edges: [0])) }

    // MARK: Parts

    @Test("Every group is dealt evenly", arguments: [2, 5])
    func even(count: Int) {
        var random = SeededRandom(seed: 5)
        let groups = (0..<1003).map { _ in random.int(0...6) }
        let parts = HeldOutParts.dealt(count, groups: groups)
        #expect(parts == HeldOutParts.dealt(count, groups: groups))
        for group in 0...6 {
            let sizes = (0..<count).map { part in
                groups.indices.count { groups[$0] == group && parts[$0] == part }
            }
            let (least, most) = (sizes.min() ?? 0, sizes.max() ?? 0)
            #expect(least > 0 && most - least <= 1 && sizes == sizes.sorted(by: >))
        }
        #expect(HeldOutParts.dealt(count, groups: []).isEmpty)
    }

    @Test func `The order of the list says nothing about the part`() {
        let parts = HeldOutParts.dealt(2, groups: Array(repeating: 0, count: 10_000))
        let early = parts[..<5000].count { $0 == 0 }
        // Hypergeometric, standard deviation 25.
        #expect(abs(early - 2500) < 125 && parts[..<20] != parts[20..<40])
    }

    // MARK: Shares

    @Test(
        "Held-out coverage stays in its band",
        arguments: ConformalMethod.allCases,
        [IntervalSide.both, .lower, .upper]
    )
    func coverage(method: ConformalMethod, side: IntervalSide) throws {
        guard method != .cqrAsymmetric || side == .both else { return }
        var random = SeededRandom(seed: 11)
        let (coverages, repetitions) = ([0.68, 0.9], 100)
        var inside = 0
        for _ in 0..<repetitions {
            let (samples, column) = Self.events(301, &random)
            let shares = try SplitConformal.heldOut(
                method,
                side: side,
                bins: grid,
                samples: samples,
                binColumns: [column],
                coverages: coverages
            )
            #expect(zip(shares.calibrationEvents, shares.events).allSatisfy { 0...1 ~= $0 - $1 })
            #expect(shares.calibrationEvents.reduce(0, +) + shares.events.reduce(0, +) == 301)
            for level in 0...1 {
                for bin in 0...1 {
                    let band = shares.band(level: level, bin: bin, confidence: 0.9)
                    let share = shares.share(level: level, bin: bin)
                    if band.low <= share, share <= band.high { inside += 1 }
                }
            }
        }
        // 400 shares, of which two levels of a bin go together, in bands of 90 % and more: 360
        // expected, at most 8.5 standard deviation; bounds at four. Ends apart have wider bands.
        #expect(inside >= 326)
        #expect(inside <= (method == .cqrAsymmetric ? 400 : 396))
    }

    @Test func `Held-out ellipses stay in their band, scores that are not held apart would not`()
        throws
    {
        var random = SeededRandom(seed: 12)
        var inside = 0
        for _ in 0..<100 {
            let samples = (0..<200).map { _ in
                let u = random.normal()
                return ConformalEllipses.Sample(
                    truth: (u, u + random.normal()),
                    value: (0, 0),
                    scale: (1, 1)
                )
            }
            let shares = try ConformalEllipses.heldOut(
                bins: .whole,
                samples: samples,
                binColumns: [],
                coverages: [0.393]
            )
            #expect((shares.calibrationEvents, shares.events) == ([75], [100]))
            let band = shares.band(level: 0, bin: 0, confidence: 0.9)
            if (band.low...band.high).contains(shares.share(level: 0, bin: 0)) { inside += 1 }
        }
        // 90 expected, standard deviation 3.
        #expect(inside >= 78 && inside <= 99)
    }

    @Test func `Held-out p-values stay in their band and never below their floor`() throws {
        var random = SeededRandom(seed: 13)
        var inside = 0
        for _ in 0..<100 {
            let scores = (0..<400).map { _ in random.normal() }
            let shares = try ConformalPValues.heldOut(
                scores: scores,
                bins: .whole,
                binColumns: [],
                levels: [0.1, 0.004]
            )
            // 1 / 201 is above 0.004.
            #expect(shares.held[1] == [0] && shares.events == [200])
            #expect(shares.band(level: 1, bin: 0, confidence: 0.9) == (0, 0))
            let band = shares.band(level: 0, bin: 0, confidence: 0.9)
            if (band.low...band.high).contains(shares.share(level: 0, bin: 0)) { inside += 1 }
        }
        #expect(inside >= 78 && inside <= 99)
    }

    @Test func `Folds taken together would be covered as asked by construction`() throws {
        var random = SeededRandom(seed: 14)
        let (size, coverage) = (500, 0.9)
        var squares = (halves: 0.0, folds: 0.0)
        for _ in 0..<100 {
            let samples = (0..<size).map { _ in
                SplitConformal.Sample(truth: random.normal(), value: 0)
            }
            let shares = try SplitConformal.heldOut(
                .absolute,
                bins: .whole,
                samples: samples,
                binColumns: [],
                coverages: [coverage]
            )
            let parts = HeldOutParts.dealt(5, groups: Array(repeating: 0, count: size))
            var covered = 0
            for fold in 0..<5 {
                let fitted = try SplitConformal.fit(
                    .absolute,
                    bins: .whole,
                    samples: samples.indices.filter { parts[$0] != fold }.map { samples[$0] },
                    binColumns: []
                )
                let radius = fitted.quantile(bin: 0, coverage: coverage).above
                covered += samples.indices.count {
                    parts[$0] == fold && abs(samples[$0].truth) <= radius
                }
            }
            let off = (
                halves: shares.share(level: 0, bin: 0) - coverage,
                folds: Double(covered) / Double(size) - coverage
            )
            squares.halves += off.halves * off.halves
            squares.folds += off.folds * off.folds
        }
        // Halves spread as the law says, √(0.09 · 4 / 500) = 0.027; folds some ten times less.
        #expect(abs((squares.halves / 100).squareRoot() - 0.027) < 0.006)
        #expect(squares.folds < squares.halves / 25)
    }

    @Test func `Thin bins are infinite, bins without test events say nothing`() throws {
        let column = [-1.0, -1, -1, -1, 1]
        let samples = column.map { SplitConformal.Sample(truth: $0, value: 0) }
        let shares = try SplitConformal.heldOut(
            .absolute,
            bins: grid,
            samples: samples,
            binColumns: [column],
            coverages: [0.9]
        )
        #expect((shares.calibrationEvents, shares.events) == ([2, 1], [2, 0]))
        #expect(shares.share(level: 0, bin: 0) == 1 && shares.share(level: 0, bin: 1).isNaN)
        #expect(shares.band(level: 0, bin: 0, confidence: 0.9) == (1, 1))
    }

    @Test func `Too few events for halves are refused`() {
        let sample = ConformalEllipses.Sample(truth: (0, 0), value: (0, 0), scale: (1, 1))
        #expect(throws: CalibrationError.self) {
            try ConformalEllipses.heldOut(
                bins: .whole,
                samples: [sample, sample],
                binColumns: [],
                coverages: [0.9]
            )
        }
        #expect(throws: CalibrationError.self) {
            try SplitConformal.heldOut(
                .absolute,
                bins: .whole,
                samples: [],
                binColumns: [],
                coverages: [0.9]
            )
        }
    }

    // MARK: Widths

    @Test func `Widths are those of the intervals, with the error of both samples`() throws {
        var random = SeededRandom(seed: 21)
        let (samples, column) = Self.events(40_000, &random)
        let fitted = try SplitConformal.fit(
            .absolute,
            bins: grid,
            samples: samples,
            binColumns: [column]
        )
        let widths = try fitted.widths(of: samples, binColumns: [column], coverage: 0.9)
        for (bin, width) in widths.enumerated() {
            let size = bin == 0 ? 1.0 : 3.0
            #expect(width.events == fitted.eventsPerBin[bin])
            let own = 2 * fitted.quantile(bin: bin, coverage: 0.9).above
            #expect((width.low, width.median, width.high) == (own, own, own))
            #expect(abs(width.mean / own - 1) < 1e-11)
            // ±1.645 of a normal: quantile's error √(0.09 / n) / (2 φ(1.645)), twice for the width.
            let error = 2 * size * (0.09 / Double(width.events)).squareRoot() / (2 * 0.1031)
            // From some 84 scores between both ranks, so known to a ninth.
            #expect(abs(width.error / error - 1) < 0.5)
            #expect(abs(width.mean - 3.29 * size) < 5 * error)
        }
    }

    @Test func `A limit's width is its distance from the value`() throws {
        var random = SeededRandom(seed: 22)
        let (samples, column) = Self.events(2000, &random)
        for side in [IntervalSide.lower, .upper] {
            let fitted = try SplitConformal.fit(
                .normalised,
                side: side,
                bins: grid,
                samples: samples,
                binColumns: [column]
            )
            let widths = try fitted.widths(of: samples, binColumns: [column], coverage: 0.9)
            #expect(abs(widths[0].mean - 1.28) < 0.2 && abs(widths[1].mean - 3 * 1.28) < 0.6)
        }
    }

    @Test func `An infinite width and one whose quantile may be infinite say so`() throws {
        func summary(_ events: Int) throws -> WidthSummary {
            let samples = (0..<events).map { SplitConformal.Sample(truth: Double($0), value: 0) }
            return try SplitConformal.fit(.absolute, bins: .whole, samples: samples, binColumns: [])
                .widths(of: samples, binColumns: [], coverage: 0.9)[0]
        }
        let (eight, nine, hundred) = try (summary(8), summary(9), summary(100))
        #expect(eight.mean == .infinity && eight.error == .infinity)
        #expect(nine.mean == 16 && nine.error == .infinity)
        #expect(hundred.mean == 2 * 90 && hundred.error.isFinite)
    }

    @Test func `Ellipses have the size that is drawn`() throws {
        var random = SeededRandom(seed: 23)
        let samples = (0..<3000).map { _ in
            ConformalEllipses.Sample(
                truth: (2 * random.normal(), random.normal()),
                value: (0, 0),
                scale: (1, 1)
            )
        }
        let fitted = try ConformalEllipses.fit(bins: .whole, samples: samples, binColumns: [])
        let sizes = try fitted.sizes(of: samples, binColumns: [], coverage: 0.393)
        let radius = fitted.radius(bin: 0, coverage: 0.393)
        let drawn = fitted.ellipse(radius: radius, bin: 0, scale: (1, 1))
        #expect(abs(sizes[0].major.mean / drawn.major - 1) < 1e-12)
        #expect(abs(sizes[0].area.mean / (Double.pi * drawn.major * drawn.minor) - 1) < 1e-12)
        // One standard deviation in two dimensions.
        #expect(abs(sizes[0].major.mean - 2) < 0.2 && sizes[0].major.error < 0.1)
        #expect(sizes[0].area.error > sizes[0].major.error)
    }
}
