/// What the model said of one event and output, as far as a truth that comes later is compared with it.
struct Observation: BitwiseCopyable, Sendable {
    /// Calibration bin; -1 for none.
    var cell: Int32 = -1
    /// Prediction of a regression output, or the score of another.
    var value: Float = .nan
    /// The model's own lower quantile, where it has one.
    var lower: Float = .nan
    /// The model's own upper quantile, where it has one.
    var upper: Float = .nan
    /// The model's own scale, where it has one.
    var sigma: Float = .nan
}
