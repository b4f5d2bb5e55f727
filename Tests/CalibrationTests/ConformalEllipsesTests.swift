import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct ConformalEllipsesTests {
    @Test func `Distances and axes are those of scipy and numpy`() throws {
        let golden = Golden.shared.ellipses
        let samples = golden.truth.indices.map { index in
            ConformalEllipses.Sample(
                truth: (golden.truth[index][0], golden.truth[index][1]),
                value: (golden.value[index][0], golden.value[index][1]),
                scale: (golden.scale[index][0], golden.scale[index][1])
            )
        }
        let fitted = try ConformalEllipses.fit(bins: .whole, samples: samples, binColumns: [])
        let radius = fitted.radius(bin: 0, coverage: golden.coverage)
        #expect(abs(radius - golden.radius) < 1e-10)
        for (index, wanted) in golden.ellipses.enumerated() {
            let found = fitted.ellipse(radius: radius, bin: 0, scale: samples[index].scale)
            #expect(abs(found.major - wanted[0]) < 1e-8)
            #expect(abs(found.minor - wanted[1]) < 1e-8)
            #expect(abs(found.angle - wanted[2]) < 1e-8)
        }
    }

    /// Residuals that are wider and more correlated above 0 of the bin column.
    private static func events(
        _ count: Int,
        _ random: inout SeededRandom
    ) -> (samples: [ConformalEllipses.Sample], column: [Double]) {
        var samples: [ConformalEllipses.Sample] = []
        var column: [Double] = []
        for _ in 0..<count {
            let place = random.normal()
            let (size, slope) = place < 0 ? (1.0, 0.1) : (3, 0.9)
            let u = size * random.normal()
            let v = slope * u + 0.5 * random.normal()
            samples.append(.init(truth: (u, v), value: (0, 0), scale: (1, 1)))
            column.append(place)
        }
        return (samples, column)
    }

    @Test("Each bin is covered as often as asked", arguments: [0.393, 0.68, 0.9])
    func coverage(asked: Double) throws {
        var random = SeededRandom(seed: 41)
        let grid = MondrianGrid(try MondrianBins(edges: [0]))
        let (repetitions, size) = (60, 1500)
        var covered = [0, 0]
        var events = [0, 0]
        for _ in 0..<repetitions {
            let calibration = Self.events(size, &random)
            let fitted = try ConformalEllipses.fit(
                bins: grid,
                samples: calibration.samples,
                binColumns: [calibration.column]
            )
            let test = Self.events(size, &random)
            for (sample, value) in zip(test.samples, test.column) {
                let bin = value < 0 ? 0 : 1
                events[bin] += 1
                let radius = fitted.radius(bin: bin, coverage: asked)
                let isInside = fitted.score(sample, bin: bin) <= radius
                if isInside { covered[bin] += 1 }
                #expect(isInside == holds(fitted, sample, radius, bin: bin))
            }
        }
        for bin in 0...1 {
            let found = Double(covered[bin]) / Double(events[bin])
            // The test's own error and that of 60 calibrations of some 560 events, five times.
            let variance = asked * (1 - asked)
            let spread = (variance / Double(events[bin]) + variance / (60 * 560)).squareRoot()
            #expect(abs(found - asked) < 5 * spread, "bin \(bin)")
        }
    }

    /// Whether the ellipse that an answer draws holds the truth.
    private func holds(
        _ fitted: ConformalEllipses,
        _ sample: ConformalEllipses.Sample,
        _ radius: Double,
        bin: Int
    ) -> Bool {
        let ellipse = fitted.ellipse(radius: radius, bin: bin, scale: sample.scale)
        let (x, y) = (
            sample.truth.first - sample.value.first, sample.truth.second - sample.value.second
        )
        let along = (x * cos(ellipse.angle) + y * sin(ellipse.angle)) / ellipse.major
        let across = (y * cos(ellipse.angle) - x * sin(ellipse.angle)) / ellipse.minor
        return along * along + across * across <= 1 + 1e-9
    }

    @Test func `Other events take the place of those of bins that have enough`() throws {
        var random = SeededRandom(seed: 46)
        let grid = MondrianGrid(try MondrianBins(edges: [0]))
        let (samples, column) = Self.events(800, &random)
        let fitted = try ConformalEllipses.fit(bins: grid, samples: samples, binColumns: [column])
        var others = Self.events(300, &random).samples.map { sample in
            var moved = sample
            moved.truth.first += 5
            return moved
        }
        // It counts, but has no score.
        others[0].scale.first = 0
        let places = others.indices.map { $0 < 280 ? 1 : 0 }
        let renewed = fitted.replacing(others, bins: places, fewest: 100)
        #expect(renewed.shapes == fitted.shapes)
        #expect(renewed.eventsPerBin == [fitted.eventsPerBin[0], 280])
        let scores = others[1..<280].map { fitted.score($0, bin: 1) }.sorted()
        for (coverage, rank) in [(0.5, 141), (0.9, 253), (0.99, 279)] {
            #expect(renewed.radius(bin: 1, coverage: coverage) == scores[rank - 1])
            #expect(
                renewed.radius(bin: 0, coverage: coverage)
                    == fitted.radius(bin: 0, coverage: coverage)
            )
        }
        #expect(renewed.radius(bin: 1, coverage: 0.995) == .infinity)
    }

    @Test func `Too few events leave the plane`() throws {
        let sample = ConformalEllipses.Sample(truth: (1, 0), value: (0, 0), scale: (1, 1))
        let fitted = try ConformalEllipses.fit(
            bins: .whole,
            samples: [sample, sample, sample],
            binColumns: []
        )
        #expect(fitted.eventsPerBin == [2])
        #expect(fitted.radius(bin: 0, coverage: 0.6) == 1)
        let radius = fitted.radius(bin: 0, coverage: 0.9)
        #expect(radius == .infinity)
        let ellipse = fitted.ellipse(radius: radius, bin: 0, scale: (1, 1))
        #expect(ellipse.major == .infinity && ellipse.minor == .infinity)
    }

    @Test func `An event without a scale counts, but bounds nothing`() throws {
        let good = ConformalEllipses.Sample(truth: (1, 0), value: (0, 0), scale: (1, 1))
        let bad = ConformalEllipses.Sample(truth: (1, 0), value: (0, 0), scale: (0, 1))
        let fitted = try ConformalEllipses.fit(
            bins: .whole,
            samples: [good, good, good, good, bad, bad, bad, good],
            binColumns: []
        )
        // Rows 1, 2, 3, 5, 6 and 7 give scores, of which those of 5 and 6 are infinite.
        #expect(fitted.eventsPerBin == [6])
        #expect(fitted.radius(bin: 0, coverage: 4.0 / 7) == 1)
        #expect(fitted.radius(bin: 0, coverage: 5.0 / 7) == .infinity)
        #expect(fitted.ellipse(radius: 1, bin: 0, scale: (0, 1)).major == .infinity)
        #expect(fitted.ellipse(radius: 1, bin: 0, scale: (.nan, 1)).major.isNaN)
    }

    @Test func `Residuals on a line keep an inside`() throws {
        let samples = (0..<400).map { index in
            let u = Double(index % 20) - 9.5
            return ConformalEllipses.Sample(truth: (u, 2 * u), value: (0, 0), scale: (1, 1))
        }
        let fitted = try ConformalEllipses.fit(bins: .whole, samples: samples, binColumns: [])
        let radius = fitted.radius(bin: 0, coverage: 0.9)
        let ellipse = fitted.ellipse(radius: radius, bin: 0, scale: (1, 1))
        #expect(ellipse.minor > 0 && ellipse.minor < 0.1 * ellipse.major)
        #expect(abs(ellipse.angle - atan(2)) < 1e-3)
    }

    @Test func `What is no sample is refused`() throws {
        let good = ConformalEllipses.Sample(truth: (1, 0), value: (0, 0), scale: (1, 1))
        let bad = ConformalEllipses.Sample(truth: (.nan, 0), value: (0, 0), scale: (1, 1))
        let grid = MondrianGrid(try MondrianBins(edges: [0]))
        #expect(throws: CalibrationError.self) {
            try ConformalEllipses.fit(bins: .whole, samples: [], binColumns: [])
        }
        #expect(throws: CalibrationError.self) {
            try ConformalEllipses.fit(bins: .whole, samples: [bad], binColumns: [])
        }
        #expect(throws: CalibrationError.self) {
            try ConformalEllipses.fit(bins: grid, samples: [good], binColumns: [[.nan]])
        }
        #expect(throws: CalibrationError.self) {
            try ConformalEllipses.fit(bins: grid, samples: [good], binColumns: [])
        }
    }
}
