/// A probability of class 1 that never falls with the score: isotonic regression of the labels.
///
/// Zadrozny and Elkan, KDD 2002; pool adjacent violators (Ayer et al. 1955). Constant where labels
/// were pooled, linear between, and the values at the ends beyond them. No probability is closer to
/// 0 or 1 than 1 / (n + 2), n calibration events, which is as much as n events without a
/// contradiction can say (Laplace); a plain fit would call the first surprise impossible.
public struct IsotonicCalibration: Equatable, Sendable {
    /// Calibration events.
    public let events: Int
    /// Where the curve has a corner, strictly rising.
    let places: [Double]
    /// Its value there, not falling.
    let values: [Double]

    /// Corners already checked, at least one.
    init(events: Int, places: [Double], values: [Double]) {
        precondition(places.count == values.count && !places.isEmpty)
        self.events = events
        self.places = places
        self.values = values
    }

    /// Fits the curve to events the model was not trained on; equal scores are pooled first.
    ///
    /// O(n log n). Refuses a score that is not finite, unequal lengths and a sample without both
    /// classes.
    public static func fit(
        scores: [Double],
        labels: [Bool]
    ) throws(CalibrationError) -> IsotonicCalibration {
        _ = try BinarySample.ones(scores, labels)
        var pools: [Pool] = []
        for index in scores.indices.sorted(by: { scores[$0] < scores[$1] }) {
            let event = Pool(
                first: scores[index],
                last: scores[index],
                ones: labels[index] ? 1 : 0,
                events: 1
            )
            if let last = pools.last, last.last == event.first {
                pools[pools.count - 1].take(event)
            } else {
                settle(&pools)
                pools.append(event)
            }
        }
        settle(&pools)
        let least = 1 / Double(scores.count + 2)
        var places: [Double] = []
        var values: [Double] = []
        for pool in pools {
            let value = min(max(pool.mean, least), 1 - least)
            for place in pool.first == pool.last ? [pool.first] : [pool.first, pool.last] {
                places.append(place)
                values.append(value)
            }
        }
        return IsotonicCalibration(events: scores.count, places: places, values: values)
    }

    /// The probability of class 1; NaN in gives NaN out.
    ///
    /// O(log n), allocates nothing.
    public func probability(_ score: Double) -> Double {
        guard !score.isNaN else { return .nan }
        let after = places.countBelow(score, in: 0..<places.count)
        if after == 0 { return values[0] }
        if after == places.count { return values[after - 1] }
        let share = (score - places[after - 1]) / (places[after] - places[after - 1])
        return values[after - 1] + share * (values[after] - values[after - 1])
    }

    /// Events whose labels were averaged together.
    private struct Pool {
        var first: Double
        var last: Double
        var ones: Int
        var events: Int

        var mean: Double { Double(ones) / Double(events) }

        mutating func take(_ next: Pool) {
            last = next.last
            ones += next.ones
            events += next.events
        }

        /// Whether the next one's mean is not larger, in whole numbers.
        func isAtLeast(_ next: Pool) -> Bool { ones * next.events >= next.ones * events }
    }

    /// Pools the last with those before it until means rise.
    private static func settle(_ pools: inout [Pool]) {
        while pools.count > 1, pools[pools.count - 2].isAtLeast(pools[pools.count - 1]) {
            let last = pools.removeLast()
            pools[pools.count - 1].take(last)
        }
    }
}
