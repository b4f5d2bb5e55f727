/// What the model said of one event and output, as far as a truth that comes later is compared with it.
package struct Observation: BitwiseCopyable, Sendable {
    /// Calibration bin; -1 for none.
    package var cell: Int32 = -1
    /// Prediction of a regression output, or the score of another.
    package var value: Float = .nan
    /// The model's own lower quantile, where it has one.
    package var lower: Float = .nan
    /// The model's own upper quantile, where it has one.
    package var upper: Float = .nan
    /// The model's own scale, where it has one.
    package var sigma: Float = .nan

    /// Nothing said.
    package init() {}
}
