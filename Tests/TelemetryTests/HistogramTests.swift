import Telemetry
import TestSupport
import Testing

@Suite struct HistogramTests {
    @Test func `A value on a bound belongs to it, one above to the next`() {
        for (index, bound) in Histogram.latencyBounds.enumerated() {
            for (value, bucket) in [(bound - 1, index), (bound, index), (bound + 1, index + 1)] {
                let counts = counts(Histogram.latencyBounds, [value])
                let wanted = (0...Histogram.latencyBounds.count).map { $0 < bucket ? 0 : 1 }
                #expect(counts == wanted, "\(value)")
            }
        }
    }

    @Test func `Latency bounds rise from 50 us to 10 s`() {
        let bounds = Histogram.latencyBounds
        #expect(bounds.first == 50_000 && bounds.last == 10_000_000_000)
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy(<))
    }

    @Test("Buckets count what a plain search counts", arguments: 0..<50)
    func property(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bounds = Set((0..<random.int(1...30)).map { _ in UInt64(random.int(0...1000)) })
            .sorted()
        let values = (0..<200).map { _ in UInt64(random.int(0...1100)) }
        let wanted = bounds.map { bound in values.count { $0 <= bound } } + [values.count]
        #expect(counts(bounds, values) == wanted)
    }

    @Test func `The largest value there is does no harm`() {
        #expect(counts([1, 2], [.max]) == [0, 0, 1])
    }

    @Test(
        "Bounds that do not rise, or are none, are a bug",
        arguments: [[], [2, 1], [1, 1]] as [[UInt64]]
    )
    func wrongBounds(bounds: [UInt64]) async {
        await #expect(processExitsWith: .failure) { [bounds = bounds as [UInt64]] in
            _ = MetricRegistry().histogram("h", help: "", bounds: bounds, unit: .one)
        }
    }

    /// Cumulative counts of the buckets, as they are shown.
    private func counts(_ bounds: [UInt64], _ values: [UInt64]) -> [Int] {
        let registry = MetricRegistry()
        let histogram = registry.histogram("h", help: "", bounds: bounds, unit: .one)
        for value in values { histogram.record(value) }
        return String(decoding: registry.render(), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("h_bucket{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
    }
}
