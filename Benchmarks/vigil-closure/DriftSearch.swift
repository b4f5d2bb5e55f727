import Calibration
import Monitoring

/// Windows of events beside a reference: with a lost gain, and with nothing changed.
struct DriftSearch: Encodable {
    let values: [String]
    let referenceEvents: Int
    let bins: Int
    let windowEvents: Int
    let rate: Double
    let distance: Double
    let gain: Double
    /// Windows of events with the lost gain, and those that alarm.
    let lostWindows: Int
    let lostAlarms: Int
    let smallestLostDistance: Double
    let largestLostRate: Double
    /// Windows of fresh events without change, and those that alarm.
    let freshWindows: Int
    let freshAlarms: Int
    let largestFreshDistance: Double
    let smallestFreshRate: Double
    /// One martingale a value.
    let chance: Double
    let freshEvents: Int
    let freshMartingaleAlarms: Int
    let largestFreshCapital: Double
    /// Events with the lost gain until a martingale alarms, or null if none does.
    let lostEvents: Int
    let lostMartingaleEvents: Int?
    /// Distances of each window, the largest of its values.
    let lostDistances: [Double]
    let freshDistances: [Double]

    private static let names = ["s1c", "s2c", "drift_time", "mlp"]
    private static let limits = DriftVerdict.Limits(rate: 1e-4, distance: 0.02)
    private static let window = 10_000
    private static let binCount = 50
    private static let martingaleChance = 0.001

    static func measured(_ data: ScoredEvents, _ lots: inout Lots) throws -> DriftSearch {
        let rows = try data.rows(kinds: 0...1, isCalibration: true)
        let references = try names.map { name in
            let values = try data.column(name).at(rows)
            let bins = try ReferenceHistogram.equalShares(values, count: binCount)
            return try ReferenceHistogram(values: values, bins: bins)
        }
        let lost = try names.map { try data.column("lost_\($0)") }
        let fresh = try names.map { try data.column("fresh_\($0)") }
        let lostVerdicts = try verdicts(lost, references)
        let freshVerdicts = try verdicts(fresh, references)
        let (lostAlarm, _) = martingales(lost, references, &lots)
        let (freshAlarm, capital) = martingales(fresh, references, &lots)
        return DriftSearch(
            values: names,
            referenceEvents: rows.count,
            bins: binCount,
            windowEvents: window,
            rate: limits.rate,
            distance: limits.distance,
            gain: try data.column("gain")[0],
            lostWindows: lostVerdicts.count,
            lostAlarms: lostVerdicts.count(where: \.isAlarm),
            smallestLostDistance: lostVerdicts.map(\.strongest.test.distance).min() ?? .nan,
            largestLostRate: lostVerdicts.map(\.strongest.qValue).max() ?? .nan,
            freshWindows: freshVerdicts.count,
            freshAlarms: freshVerdicts.count(where: \.isAlarm),
            largestFreshDistance: freshVerdicts.map(\.strongest.test.distance).max() ?? .nan,
            smallestFreshRate: freshVerdicts.flatMap(\.features).map(\.qValue).min() ?? .nan,
            chance: martingaleChance,
            freshEvents: fresh[0].count,
            freshMartingaleAlarms: freshAlarm.count { $0 != nil },
            largestFreshCapital: capital,
            lostEvents: lost[0].count,
            lostMartingaleEvents: lostAlarm.compactMap { $0 }.min(),
            lostDistances: lostVerdicts.map(\.strongest.test.distance),
            freshDistances: freshVerdicts.map(\.strongest.test.distance)
        )
    }

    /// One verdict a whole window.
    private static func verdicts(
        _ columns: [[Double]],
        _ references: [ReferenceHistogram]
    ) throws -> [DriftVerdict] {
        try stride(from: 0, to: columns[0].count - window + 1, by: window).map { start in
            let tests = try zip(names, zip(columns, references)).map { name, pair in
                let values = Array(pair.0[start..<start + window])
                let counts = try pair.1.bins.counts(of: values, name: name)
                return (name: name, test: DriftTest(window: counts, reference: pair.1))
            }
            return DriftVerdict(tests, limits: limits)
        }
    }

    /// After how many events each value's martingale alarms, nil for never, and the largest capital.
    private static func martingales(
        _ columns: [[Double]],
        _ references: [ReferenceHistogram],
        _ lots: inout Lots
    ) -> (alarms: [Int?], logCapital: Double) {
        var alarms: [Int?] = []
        var largest = 0.0
        for (values, reference) in zip(columns, references) {
            var martingale = ExchangeabilityMartingale()
            var alarm: Int?
            for value in values {
                guard let bin = reference.bins.index(of: value) else { continue }
                martingale.bet(reference.pValue(bin: bin, uniform: lots.uniform()))
                if alarm == nil, martingale.isAlarm(chance: martingaleChance) {
                    alarm = martingale.events
                }
            }
            alarms.append(alarm)
            largest = max(largest, martingale.largestLogCapital)
        }
        return (alarms, largest)
    }
}

extension DriftVerdict {
    /// The value that lies farthest from its reference.
    var strongest: Feature {
        features.dropFirst().reduce(features[0]) {
            $1.test.distance > $0.test.distance ? $1 : $0
        }
    }
}
