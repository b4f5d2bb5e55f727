import Calibration
import Foundation
import TestSupport
import Testing

@Suite struct ConformalSetsTests {
    /// Events of `classes` classes that a model is unsure about, the first class the rarest.
    private static func sample(
        _ events: Int,
        classes: Int,
        _ random: inout SeededRandom
    ) -> ConformalSets.Sample {
        var sample = ConformalSets.Sample(
            probabilities: [],
            labels: [],
            uniforms: [],
            binColumns: [[]]
        )
        for _ in 0..<events {
            let label = Int((random.uniform().squareRoot() * Double(classes)).rounded(.down))
            let logits = (0..<classes).map { random.normal() + ($0 == label ? 1.5 : 0) }
            let sum = logits.reduce(0) { $0 + exp($1) }
            sample.probabilities += logits.map { Float(exp($0) / sum) }
            sample.labels.append(label)
            sample.uniforms.append(random.uniform())
            sample.binColumns[0].append(random.normal())
        }
        return sample
    }

    private static func sets(
        _ calibration: ConformalSets,
        _ sample: ConformalSets.Sample,
        coverage: Double
    ) -> [[Int]] {
        var scores = [Double](repeating: 0, count: calibration.classes)
        var order = [Int32](repeating: 0, count: calibration.classes)
        return sample.labels.indices.map { event in
            let first = event * calibration.classes
            var places = order.mutableSpan
            var found = scores.mutableSpan
            calibration.score.write(
                sample.probabilities.span.extracting(first..<first + calibration.classes),
                uniform: sample.uniforms[event],
                order: &places,
                to: &found
            )
            let bin = calibration.bins.index(of: [sample.binColumns[0][event]]) ?? -1
            return scores.indices.filter {
                scores[$0] <= calibration.threshold(class: $0, bin: bin, coverage: coverage)
            }
        }
    }

    @Test("Sets of each class in each bin are those of crepes")
    func reference() throws {
        let golden = Golden.shared.class_sets
        let bins = MondrianGrid(try MondrianBins(edges: golden.edges))
        let calibration = try ConformalSets.fit(
            .leastAmbiguous,
            classes: golden.classes,
            bins: bins,
            .init(
                probabilities: golden.probabilities.flatMap { $0.map { Float($0) } },
                labels: golden.labels,
                uniforms: golden.labels.map { _ in 0 },
                binColumns: [golden.columns]
            )
        )
        let test = ConformalSets.Sample(
            probabilities: golden.test_probabilities.flatMap { $0.map { Float($0) } },
            labels: golden.test_columns.map { _ in 0 },
            uniforms: golden.test_columns.map { _ in 0 },
            binColumns: [golden.test_columns]
        )
        for wanted in golden.wanted {
            #expect(Self.sets(calibration, test, coverage: wanted.coverage) == wanted.sets)
        }
    }

    @Test(
        "Every class is covered as often as asked",
        arguments: [
            ClassScore.leastAmbiguous, .adaptive, .regularised(weight: 0.05, free: 2),
        ]
    )
    func coverage(score: ClassScore) throws {
        var random = SeededRandom(seed: 17)
        let (classes, coverage) = (5, 0.9)
        let bins = MondrianGrid(try MondrianBins(edges: [0]))
        var covered = [Int](repeating: 0, count: classes)
        var events = covered
        for _ in 0..<60 {
            let calibration = try ConformalSets.fit(
                score,
                classes: classes,
                bins: bins,
                Self.sample(2000, classes: classes, &random)
            )
            let test = Self.sample(500, classes: classes, &random)
            for (set, label) in zip(Self.sets(calibration, test, coverage: coverage), test.labels) {
                events[label] += 1
                if set.contains(label) { covered[label] += 1 }
            }
        }
        let all = Double(covered.reduce(0, +)) / Double(events.reduce(0, +))
        #expect(abs(all - coverage) < 0.015)
        for label in 0..<classes {
            let found = Double(covered[label]) / Double(events[label])
            // The test's own error and that of 60 calibrations, five times.
            let spread = (0.09 / Double(events[label]) + 0.09 / (60 * 80)).squareRoot()
            #expect(abs(found - coverage) < 5 * spread, "class \(label)")
        }
    }

    @Test func `A class without events is in every set`() throws {
        let calibration = try ConformalSets.fit(
            .leastAmbiguous,
            classes: 3,
            bins: .whole,
            .init(
                probabilities: [0.5, 0.25, 0.25, 0.25, 0.5, 0.25],
                labels: [0, 1],
                uniforms: [0, 0],
                binColumns: []
            )
        )
        #expect(calibration.threshold(class: 2, bin: 0, coverage: 0.1) == .infinity)
        #expect(calibration.tables.map(\.eventsPerBin) == [[1], [1], [0]])
        #expect(calibration.threshold(class: 1, bin: 0, coverage: 0.5) == 0.5)
        #expect(calibration.threshold(class: 1, bin: 0, coverage: 0.51) == .infinity)
    }

    @Test(
        "What is no sample is refused",
        arguments: [
            ([0.5, 0.5], [2], [0.0], [0.0], "labels[0]"),
            ([0.5, 0.5], [-1], [0], [0], "labels[0]"),
            ([0.5], [0], [0], [0], "probabilities"),
            ([0.5, .nan], [0], [0], [0], "probabilities[1]"),
            ([0.5, 1.5], [0], [0], [0], "probabilities[1]"),
            ([0.5, 0.5], [0], [1], [0], "uniforms[0]"),
            ([0.5, 0.5], [0], [], [0], "uniforms"),
            ([0.5, 0.5], [0], [0], [.nan], "binColumns[0][0]"),
            ([], [], [], [], "labels"),
        ] as [([Float], [Int], [Double], [Double], String)]
    )
    func refuse(
        probabilities: [Float],
        labels: [Int],
        uniforms: [Double],
        column: [Double],
        what: String
    ) throws {
        let bins = MondrianGrid(try MondrianBins(edges: [0]))
        let error = #expect(throws: CalibrationError.self) {
            try ConformalSets.fit(
                .adaptive,
                classes: 2,
                bins: bins,
                .init(
                    probabilities: probabilities,
                    labels: labels,
                    uniforms: uniforms,
                    binColumns: [column]
                )
            )
        }
        #expect(error?.what == what)
    }
}
