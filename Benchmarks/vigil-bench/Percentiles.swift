import Histogram

/// Percentiles of latencies by an HDR histogram of three digits.
struct Percentiles {
    private let histogram: Histogram<UInt64>

    /// Of nanoseconds.
    init(_ latencies: [UInt64]) {
        var histogram = Histogram<UInt64>(
            highestTrackableValue: 60_000_000_000,
            numberOfSignificantValueDigits: .three
        )
        for latency in latencies { histogram.record(latency) }
        self.histogram = histogram
    }

    /// A percentile in microseconds.
    func microseconds(_ percentile: Double) -> Double {
        Double(histogram.valueAtPercentile(percentile)) / 1000
    }
}
