internal import Tensors

/// Adding up what is looked up.
extension PathTables {
    /// Adds the attributions of one block of events.
    ///
    /// `attributions` is [event, group, feature]. `patterns` has room for `pathsOfRun` times the
    /// events. An event's sums are the same additions in the same order whatever events are beside
    /// it.
    func add(
        _ keys: EventKeys,
        to attributions: UnsafeMutablePointer<Double>,
        patterns: UnsafeMutablePointer<UInt8>
    ) {
        for run in runs {
            unsafe look(run, keys, into: patterns)
            for row in unsafe stride(from: 0, to: keys.rows, by: 2) {
                let pair = unsafe (row, min(row &+ 1, keys.rows &- 1))
                let patterns = unsafe UnsafePointer(patterns)
                switch Self.patternStride(width: run.width) {
                case 2: unsafe sum(SIMD2.self, run, patterns, keys, pair, attributions)
                case 4: unsafe sum(SIMD4.self, run, patterns, keys, pair, attributions)
                default: unsafe sum(SIMD8.self, run, patterns, keys, pair, attributions)
                }
            }
        }
    }

    /// Writes which conditions of a run's paths the events meet, [path][event], a bit each.
    private func look(
        _ run: Run,
        _ keys: EventKeys,
        into patterns: UnsafeMutablePointer<UInt8>
    ) {
        unsafe patterns.update(repeating: 0, count: run.pathCount &* keys.rows)
        var condition =
            unsafe UnsafePointer(
                conditions.base.assumingMemoryBound(to: PathCondition.self)
            ) + run.firstCondition
        var pattern = unsafe patterns
        for _ in 0..<run.pathCount {
            for bit in 0..<run.width {
                unsafe condition.pointee.mark(1 &<< UInt8(bit), keys, in: pattern)
                unsafe condition += 1
            }
            unsafe pattern += keys.rows
        }
    }

    /// Adds the values of the patterns of a run's paths, for two events.
    ///
    /// With one alone each addition would wait for the last. The second may be the first again, and
    /// is not added then.
    @inline(__always)
    private func sum<Values: SIMD>(
        _ type: Values.Type,
        _ run: Run,
        _ patterns: UnsafePointer<UInt8>,
        _ keys: EventKeys,
        _ rows: (Int, Int),
        _ attributions: UnsafeMutablePointer<Double>
    ) where Values.Scalar == Double {
        var (first, second) = (Values(), Values())
        var pattern = unsafe patterns
        var table = unsafe UnsafeRawPointer(
            values.base.assumingMemoryBound(to: Double.self) + run.firstValue
        ).assumingMemoryBound(to: Values.self)
        for _ in 0..<run.pathCount {
            unsafe first += table[Int(pattern[rows.0])]
            unsafe second += table[Int(pattern[rows.1])]
            unsafe pattern += keys.rows
            unsafe table += 1 &<< run.width
        }
        unsafe spread(first, run, keys, to: attributions, rows.0)
        if rows.1 > rows.0 { unsafe spread(second, run, keys, to: attributions, rows.1) }
    }

    /// Adds a run's sums to the features that it asks about.
    @inline(__always)
    private func spread<Values: SIMD>(
        _ sums: Values,
        _ run: Run,
        _ keys: EventKeys,
        to attributions: UnsafeMutablePointer<Double>,
        _ row: Int
    ) where Values.Scalar == Double {
        let group = row &* groupCount &+ run.group
        let output = unsafe attributions + group &* keys.featureCount
        for index in 0..<run.width {
            unsafe output[features[run.firstFeature &+ index]] += sums[index]
        }
    }
}
