import Calibration
import TestSupport
import Testing

@Suite struct SplitConformalTests {
    static let golden = Golden.shared.conformal

    @Test(
        "Intervals are those of MAPIE and crepes",
        arguments: Golden.shared.conformal.cases.indices
    )
    func reference(index: Int) throws {
        let events = Self.golden.cases[index]
        for wanted in events.wanted {
            let method = try #require(ConformalMethod(rawValue: wanted.method))
            let isBinned = method == .normalised
            let bins =
                isBinned ? MondrianGrid(try MondrianBins(edges: Self.golden.edges)) : .whole
            let conformal = try SplitConformal.fit(
                method,
                bins: bins,
                samples: zip(events.calibration, events.truth).map { row, truth in
                    SplitConformal.Sample(
                        truth: truth,
                        value: row[0],
                        lower: row[1],
                        upper: row[2],
                        sigma: row[3]
                    )
                },
                binColumns: isBinned ? [events.calibration.map { $0[4] }] : []
            )
            for (row, interval) in zip(events.test, wanted.intervals) {
                let bin = try #require(bins.index(of: isBinned ? [row[4]] : []))
                let quantile = conformal.quantile(bin: bin, coverage: wanted.coverage)
                let found = conformal.interval(
                    quantile,
                    value: row[0],
                    lower: row[1],
                    upper: row[2],
                    sigma: row[3]
                )
                // A few units in the last place of numbers up to 1,000.
                #expect(abs(found.lower - (interval[0] ?? found.lower)) <= 5e-13)
                #expect(abs(found.upper - (interval[1] ?? found.upper)) <= 5e-13)
                #expect(quantile.isInfinite == (interval[0] == nil))
                #expect(quantile.isInfinite == (interval[1] == nil))
            }
        }
    }

    @Test(
        "Too few events give the whole line, never a clipped interval",
        arguments: ConformalMethod.allCases
    )
    func infinite(method: ConformalMethod) throws {
        let conformal = try Self.whole(method, Self.samples(8))
        let quantile = conformal.quantile(bin: 0, coverage: 0.9)
        #expect(quantile.isInfinite)
        let ends = conformal.interval(quantile, value: 1, lower: 0, upper: 2, sigma: 0)
        #expect(ends == (-.infinity, .infinity))
    }

    @Test func `Nine events suffice for nine tenths, at one end of two they do not`() throws {
        let samples = Self.samples(9)
        let symmetric = try Self.whole(.cqr, samples)
        #expect(!symmetric.quantile(bin: 0, coverage: 0.9).isInfinite)
        let asymmetric = try Self.whole(.cqrAsymmetric, samples)
        #expect(asymmetric.quantile(bin: 0, coverage: 0.9).isInfinite)
        #expect(!asymmetric.quantile(bin: 0, coverage: 0.8).isInfinite)
    }

    @Test func `An empty bin is infinite and its neighbour is not`() throws {
        let conformal = try SplitConformal.fit(
            .absolute,
            bins: MondrianGrid(MondrianBins(edges: [100])),
            samples: Self.samples(50),
            binColumns: [Self.column(50)]
        )
        #expect(conformal.eventsPerBin == [50, 0])
        #expect(!conformal.quantile(bin: 0, coverage: 0.5).isInfinite)
        #expect(conformal.quantile(bin: 1, coverage: 0.5).isInfinite)
    }

    @Test func `Ends that would cross become their midpoint`() throws {
        // The model's interval is far too wide, so the correction is negative.
        let samples = (0..<20).map {
            SplitConformal.Sample(truth: Double($0), lower: -50, upper: 50)
        }
        let conformal = try Self.whole(.cqr, samples)
        let quantile = conformal.quantile(bin: 0, coverage: 0.5)
        #expect(quantile.above < 0)
        let ends = conformal.interval(quantile, value: .nan, lower: 3, upper: 5, sigma: .nan)
        #expect(ends == (4, 4))
    }

    @Test func `A prediction without a positive scale gets the whole line`() throws {
        let conformal = try Self.whole(.normalised, Self.samples(50))
        let quantile = conformal.quantile(bin: 0, coverage: 0.9)
        let ends = conformal.interval(quantile, value: 1, lower: 0, upper: 0, sigma: 0)
        #expect(ends == (-.infinity, .infinity))
    }

    @Test(
        "A sample its method cannot use is refused by name",
        arguments: [
            (ConformalMethod.absolute, SplitConformal.Sample(truth: .nan, value: 1), "score"),
            (.absolute, .init(truth: 1, value: .infinity), "score"),
            (.absolute, .init(truth: 1e308, value: -1e308), "score"),
            (.normalised, .init(truth: 1, value: 1, sigma: 0), "sigma"),
            (.normalised, .init(truth: 1, value: 1, sigma: .nan), "sigma"),
            (.cqr, .init(truth: 1, lower: .nan, upper: 2), "score"),
            (.cqr, .init(truth: 1, lower: 0, upper: .nan), "score"),
            (.cqrAsymmetric, .init(truth: 1, lower: 0, upper: .nan), "score"),
        ]
    )
    func refuse(method: ConformalMethod, sample: SplitConformal.Sample, field: String) {
        let error = #expect(throws: CalibrationError.self) {
            try Self.whole(method, Self.samples(3) + [sample])
        }
        #expect(error?.what == "samples[3].\(field)")
    }

    @Test func `No samples are refused`() {
        #expect(throws: CalibrationError.self) {
            try Self.whole(.absolute, [])
        }
    }

    @Test("Rounding up to single precision never narrows", arguments: ConformalMethod.allCases)
    func rounded(method: ConformalMethod) throws {
        let exact = try Self.whole(method, Self.samples(200))
        let short = exact.roundedUpToSinglePrecision()
        #expect(short.eventsPerBin == exact.eventsPerBin)
        #expect(short.roundedUpToSinglePrecision() == short)
        for coverage in stride(from: 0.05, to: 1, by: 0.05) {
            let before = exact.quantile(bin: 0, coverage: coverage)
            let after = short.quantile(bin: 0, coverage: coverage)
            #expect(after.below >= before.below && after.above >= before.above)
            #expect(after.below - before.below <= abs(before.below) * 0x1p-23)
            #expect(Double(Float(after.above)) == after.above)
        }
    }

    @Test func `A bin value that is no number is refused by its place`() throws {
        let bins = MondrianGrid(try MondrianBins(edges: [100]))
        let error = #expect(throws: CalibrationError.self) {
            try SplitConformal.fit(
                .absolute,
                bins: bins,
                samples: Self.samples(2),
                binColumns: [[1, .nan]]
            )
        }
        #expect(error?.what == "binColumns[0][1]")
    }

    @Test(
        "A limit is exceeded as rarely as asked",
        arguments: [ConformalMethod.absolute, .normalised, .cqr],
        [IntervalSide.upper, .lower]
    )
    func limit(method: ConformalMethod, side: IntervalSide) throws {
        var covered = 0
        let (repetitions, coverage) = (200, 0.9)
        for repetition in 0..<repetitions {
            let conformal = try Self.whole(
                method,
                Self.samples(100, seed: UInt64(repetition)),
                side: side
            )
            let quantile = conformal.quantile(bin: 0, coverage: coverage)
            for event in Self.samples(100, seed: UInt64(1000 + repetition)) {
                let ends = conformal.interval(
                    quantile,
                    value: event.value,
                    lower: event.lower,
                    upper: event.upper,
                    sigma: event.sigma
                )
                #expect((side == .upper ? ends.lower : -ends.upper) == -.infinity)
                #expect((side == .upper ? ends.upper : ends.lower).isFinite)
                if ends.lower <= event.truth, event.truth <= ends.upper { covered += 1 }
            }
        }
        let found = Double(covered) / Double(repetitions * 100)
        // k = 91 of 101, and five times the error of 200 calibrations and of all events.
        let spread = (0.09 / Double(repetitions * 100) + 0.09 / Double(repetitions * 102))
            .squareRoot()
        #expect(abs(found - 91.0 / 101) < 5 * spread)
    }

    @Test func `One end of two apart is refused`() {
        let error = #expect(throws: CalibrationError.self) {
            try Self.whole(.cqrAsymmetric, Self.samples(9), side: .upper)
        }
        #expect(error?.what == "side")
    }

    /// One bin.
    private static func whole(
        _ method: ConformalMethod,
        _ samples: [SplitConformal.Sample],
        side: IntervalSide = .both
    ) throws -> SplitConformal {
        try SplitConformal.fit(method, side: side, bins: .whole, samples: samples, binColumns: [])
    }

    /// Bin values below 100.
    static func column(_ count: Int) -> [Double] {
        var random = SeededRandom(seed: 8)
        return (0..<count).map { _ in 99 * random.uniform() }
    }

    /// Events that suit every method.
    static func samples(_ count: Int, seed: UInt64 = 7) -> [SplitConformal.Sample] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in
            let truth = random.normal()
            return SplitConformal.Sample(
                truth: truth,
                value: truth + random.normal(),
                lower: truth - random.uniform(),
                upper: truth + random.uniform(),
                sigma: 0.5 + random.uniform()
            )
        }
    }
}
