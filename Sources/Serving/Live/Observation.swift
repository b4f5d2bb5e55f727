internal import Catalog

/// What the model said of one event and output, as far as a truth that comes later is compared with it;
/// of a set of classes there is one for each class.
package struct Observation: BitwiseCopyable, Sendable {
    /// Calibration bin; -1 for none.
    package var cell: Int32 = -1
    /// The model's own lower quantile, where it has one.
    package var lower: Float = .nan
    /// The model's own upper quantile, where it has one.
    package var upper: Float = .nan
    /// The model's own scale, where it has one.
    package var sigma: Float = .nan
    /// Prediction of a regression output, the score of another, or how strange a class of a set is.
    package var value: Double = .nan

    /// Largest score that the answer at the manifest's coverage holds, where events have limits of their
    /// own by their weights; NaN where the bin has one.
    package var limit: Double = .nan

    /// Nothing said.
    package init() {}
}

extension Manifest.Uncertainty {
    /// Observations of an event.
    var observations: Int { isSet ? classes.count : 1 }
}

extension Manifest {
    /// Observations of an event, those of all outputs.
    var observations: Int { uncertainty.reduce(0) { $0 + $1.observations } }
}
