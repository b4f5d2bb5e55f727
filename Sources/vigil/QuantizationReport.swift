import Catalog
import Messages

/// A version of INT8 beside that of float32 that it was made of.
///
/// Names are those that `--json` prints; a ratio above 1 says that INT8 is faster.
struct QuantizationReport: Encodable {
    /// Both at one micro-batch; null where an event's bits would not be kept.
    struct Speed: Encodable {
        let rows: Int
        @JSONNumber var float32_us: Double
        @JSONNumber var int8_us: Double
        @JSONNumber var ratio: Double
    }

    /// Both at the micro-batch that takes each least an event.
    struct Best: Encodable {
        let float32_rows: Int
        let int8_rows: Int
        let float32_events_per_second: Double
        let int8_events_per_second: Double
        let ratio: Double
    }

    /// A version that was tried.
    struct Try: Encodable {
        let left_in_float32: [String]
        let rows: Int
        let events_per_second: Double
        @JSONNumber var relative_shift: Double
        let chosen: Bool
    }

    let model: String
    let version: String
    let engine: String
    let digest: String
    /// Of the version made.
    let int8_version: String
    let int8_digest: String
    let bytes: Int
    let int8_bytes: Int
    let method: String
    let layers: Int
    let left_in_float32: [String]
    /// Events that set ranges, and those that calibrate and test.
    let range_events: Int
    let test_events: Int
    let speeds: [Speed]
    let best: Best
    let shift: [ScoreShift]
    var quality: [TaskQuality] = []
    var uncertainty: [UncertaintyComparison] = []
    let tries: [Try]
    var float32: CalibrationReport?
    var int8: CalibrationReport?
    /// Why there are no calibrations, or nil.
    var calibration_reason: String?
    /// Folder of the version, where it was kept.
    var kept: String?
    var reload: [String] = []

    init(
        _ original: OriginalModel,
        _ made: QuantizedVersion,
        _ search: LayerSearch,
        _ names: ([Int]) -> [String],
        _ events: QuantizationEvents,
        method: String,
        layers: Int,
        times: (float32: LadderTimes, int8: LadderTimes),
        shift: [ScoreShift]
    ) {
        let description = original.description
        model = description.name
        version = description.version
        engine = description.engineVersion
        digest = description.digest
        int8_version = made.version
        int8_digest = made.digest
        bytes = original.source.artefact.count
        int8_bytes = made.artefact.count
        self.method = method
        self.layers = layers
        left_in_float32 = search.chosen.map { names(search.tried[$0].excluded) } ?? []
        range_events = events.rangeEvents
        test_events = events.others.rows
        speeds = Self.speeds(times.float32, times.int8)
        let (before, after) = (times.float32.best, times.int8.best)
        best = Best(
            float32_rows: before.rows,
            int8_rows: after.rows,
            float32_events_per_second: 1e9 / before.nanosecondsPerEvent,
            int8_events_per_second: 1e9 / after.nanosecondsPerEvent,
            ratio: before.nanosecondsPerEvent / after.nanosecondsPerEvent
        )
        self.shift = shift
        tries = search.tried.enumerated().map { index, tried in
            Try(
                left_in_float32: names(tried.excluded),
                rows: tried.times.best.rows,
                events_per_second: 1e9 / tried.times.best.nanosecondsPerEvent,
                relative_shift: tried.shift,
                chosen: index == search.chosen
            )
        }
    }

    private static func speeds(_ before: LadderTimes, _ after: LadderTimes) -> [Speed] {
        Set(before.nanoseconds.keys).union(after.nanoseconds.keys).sorted().map { rows in
            let (float32, int8) = (before.microseconds(rows), after.microseconds(rows))
            return Speed(rows: rows, float32_us: float32, int8_us: int8, ratio: float32 / int8)
        }
    }
}
