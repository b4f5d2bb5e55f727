internal import Calibration
internal import Messages

/// Sections of an interval in an answer.
struct IntervalSections: Sendable {
    let value: Int
    let lower: Int
    let upper: Int
    let flags: Int
}

/// The interval of each row of a segment, as it is written.
@safe
struct IntervalRows {
    private let value: UnsafeMutablePointer<Float>
    private let lower: UnsafeMutablePointer<Float>
    private let upper: UnsafeMutablePointer<Float>
    /// The flag of every row.
    let flags: UnsafeMutablePointer<UInt8>

    /// Rows of an answer from `firstRow` on.
    init(_ answer: AnswerSections, _ sections: IntervalSections, firstRow: Int) {
        unsafe value = answer.floats(sections.value) + firstRow
        unsafe lower = answer.floats(sections.lower) + firstRow
        unsafe upper = answer.floats(sections.upper) + firstRow
        unsafe flags = answer.flags(sections.flags) + firstRow
    }

    /// Writes what an interval is around.
    @inline(__always)
    func write(value prediction: Float, _ row: Int) { unsafe value[row] = prediction }

    /// Writes no interval, for an event without a bin.
    @inline(__always)
    func writeNone(_ row: Int) {
        unsafe lower[row] = .nan
        unsafe upper[row] = .nan
    }

    /// Writes an interval that its quantile made, rounded outwards; true if it is infinite.
    @inline(__always)
    func write(
        _ interval: (lower: Double, upper: Double),
        by quantile: ConformalQuantile,
        _ row: Int
    ) -> Bool {
        unsafe lower[row] = Float(roundedDown: interval.lower)
        unsafe upper[row] = Float(roundedUp: interval.upper)
        guard quantile.isInfinite else { return false }
        unsafe flags[row] = EventFlag.infinite
        return true
    }
}

/// Raw outputs of a method: prediction, quantiles, scale; -1 where it has none.
struct IntervalOutputs: Sendable {
    let value: Int
    let lower: Int
    let upper: Int
    let sigma: Int

    /// Their rows from `position` of the micro-batch on.
    @inline(__always)
    func rows(_ raw: RawOutputs, position: Int) -> IntervalInputs {
        // A method's missing outputs are read from the prediction and then not used.
        unsafe IntervalInputs(
            values: raw.floats(value) + position,
            lows: raw.floats(lower < 0 ? value : lower) + position,
            highs: raw.floats(upper < 0 ? value : upper) + position,
            sigmas: raw.floats(sigma < 0 ? value : sigma) + position
        )
    }
}

/// What the model says of each row, as a method reads it.
@safe
struct IntervalInputs {
    private let values: UnsafePointer<Float>
    private let lows: UnsafePointer<Float>
    private let highs: UnsafePointer<Float>
    private let sigmas: UnsafePointer<Float>

    @unsafe init(
        values: UnsafePointer<Float>,
        lows: UnsafePointer<Float>,
        highs: UnsafePointer<Float>,
        sigmas: UnsafePointer<Float>
    ) {
        unsafe self.values = values
        unsafe self.lows = lows
        unsafe self.highs = highs
        unsafe self.sigmas = sigmas
    }

    /// The prediction.
    @inline(__always)
    func value(_ row: Int) -> Float { unsafe values[row] }

    /// The interval of a row by a quantile.
    @inline(__always)
    func interval(
        _ conformal: SplitConformal,
        _ quantile: ConformalQuantile,
        _ row: Int
    ) -> (lower: Double, upper: Double) {
        unsafe conformal.interval(
            quantile,
            value: Double(values[row]),
            lower: Double(lows[row]),
            upper: Double(highs[row]),
            sigma: Double(sigmas[row])
        )
    }
}

/// Quantiles of every bin, those of the usual coverage found before.
struct BinQuantiles: Sendable {
    private let conformal: SplitConformal
    /// The coverage of requests that name none.
    private let usualCoverage: Double
    private let usual: [ConformalQuantile]

    init(_ conformal: SplitConformal, usualCoverage: Double) {
        self.conformal = conformal
        self.usualCoverage = usualCoverage
        usual = (0..<conformal.bins.count).map {
            conformal.quantile(bin: $0, coverage: usualCoverage)
        }
    }

    @inline(__always)
    func quantile(bin: Int, coverage: Double) -> ConformalQuantile {
        coverage == usualCoverage
            ? usual[bin] : conformal.quantile(bin: bin, coverage: coverage)
    }
}
