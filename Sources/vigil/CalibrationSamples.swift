import Calibration

/// The events that a calibration was fitted to, as its fits took them.
struct CalibrationSamples {
    /// Events of an interval or limit.
    struct Interval {
        let samples: [SplitConformal.Sample]
        let binColumns: [[Double]]
    }

    /// Events of a binary score, and what curves say of those that they were not fitted to.
    struct Binary {
        let scores: [Double]
        let labels: [Bool]
        let curves: [HeldOutCurve]
        /// The method whose probability is answered.
        let method: BinaryCurve.Method
    }

    /// Events of one class, or normal ones; a larger score is stranger.
    struct PValues {
        let scores: [Double]
        let binColumns: [[Double]]
    }

    /// Events of two outputs together.
    struct Region {
        let samples: [ConformalEllipses.Sample]
        let binColumns: [[Double]]
    }

    /// Events of one output.
    enum Kind {
        case interval(Interval)
        /// With those of each class.
        case binary(Binary, [PValues])
        case pValues([PValues])
        /// Events that stand for others by their weights, of which no share held out obeys a law.
        case weighted
    }

    /// In the order of the file's outputs.
    var outputs: [Kind] = []
    /// In the order of the file's regions.
    var regions: [Region] = []
}
