import Calibration
import Messages

/// Why the numbers of a calibration hold: what half of its events shows of the other half, how wide
/// answers are, how probabilities are borne out, and which bins lack events.
///
/// Names are those that `--json` prints. A number that is infinite or unknown is null.
struct CalibrationReport: Encodable {
    /// Mean, error and quantiles of widths over the events of a bin.
    struct Spread: Encodable {
        @JSONNumber var mean: Double
        /// Standard error of the mean, with that of the quantile.
        @JSONNumber var error: Double
        @JSONNumber var median: Double
        @JSONNumber var p10: Double
        @JSONNumber var p90: Double

        init(_ summary: WidthSummary) {
            mean = summary.mean
            error = summary.error
            median = summary.median
            p10 = summary.low
            p90 = summary.high
        }
    }

    /// How wide the intervals of a bin are; of a limit, how far from the value.
    struct Width: Encodable {
        let output: String
        let side: String
        let unit: String
        let bin: String
        let nominal: Double
        let events: Int
        let width: Spread
    }

    /// How large the ellipses of a bin are.
    struct Size: Encodable {
        let output: String
        let unit: String
        let bin: String
        let nominal: Double
        let events: Int
        /// Longer semi-axis, in the unit.
        let major: Spread
        /// In the square of the unit.
        let area: Spread
    }

    /// What a method loses on folds held out.
    struct Loss: Encodable {
        let method: String
        let log_loss: Double
        @JSONNumber var log_loss_error: Double
        let brier: Double
    }

    /// Events of each class by the probability answered.
    struct Histogram: Encodable {
        let edges: [Double]
        let events: [String: [Int]]
    }

    /// How sharp the probabilities of a binary score are, and what each method loses.
    struct Probabilities: Encodable {
        let output: String
        /// Class whose probability it is.
        let of: String
        let method: String
        /// Share of that class among the calibration events.
        let prior: Double
        let events: [String: Int]
        let folds: Int
        let losses: [Loss]
        let auc: Double
        let pair_width: Width
        let histogram: Histogram

        /// Width of the Venn-ABERS pair.
        struct Width: Encodable {
            let mean: Double
            let median: Double
            let p90: Double
        }
    }

    /// A bin whose intervals or ellipses are infinite at a coverage.
    struct Lacking: Encodable {
        let output: String
        let bin: String
        let nominal: Double
        let events: Int
        /// Fewest events with which they are not.
        let needed: Int
    }

    /// The smallest p-value that a bin can give.
    struct Floor: Encodable {
        let output: String
        let bin: String
        let events: Int
        let floor: Double
    }

    let model: String
    let version: String
    let digest: String
    let engine: String
    let precision: String
    let device_class: String
    let events: Int
    let file: String
    /// Events of each bin.
    var outputs: [String: [Int]] = [:]
    /// What the bins cut.
    var bin_columns: [String: [String]] = [:]
    /// Of weighted intervals: how many events of one weight say as much as those of each bin.
    var effective_events: [String: [Double]] = [:]
    var coverage: [Cell] = []
    var widths: [Width] = []
    var regions: [Cell] = []
    var region_sizes: [Size] = []
    var p_values: [Cell] = []
    var probabilities: [Probabilities] = []
    var reliability: [Cell] = []
    var lacking: [Lacking] = []
    var floors: [Floor] = []
    var guarantees: [String] = []
    var warnings: [String] = []
    var reload: [String] = []

    /// The manifest's coverage, whose widths tables and plots show.
    let default_coverage: Double

    /// Coverages that are often asked for, beside the manifest's own.
    static let usualCoverages = [0.68, 0.9, 0.95]
    /// P-values that are often cut at.
    static let usualPValues = [0.1, 0.01]

    /// An empty report of a file written to `path`.
    init(_ file: CalibrationFile, path: String, coverage: Double?) {
        model = file.model
        version = file.version
        digest = file.artefactDigest
        engine = file.engineVersion
        precision = file.precision
        device_class = file.deviceClass
        events = file.events
        self.file = path
        default_coverage = coverage ?? Self.usualCoverages[1]
    }
}
