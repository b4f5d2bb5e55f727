internal import Calibration

/// What one window of a stream says of all watched values together.
public struct DriftVerdict: Equatable, Sendable {
    /// What makes an alarm: significance and effect, both.
    public struct Limits: Equatable, Sendable {
        /// Largest false discovery rate over the watched values of a window.
        public var rate: Double
        /// Smallest distance worth an alarm, as of `DriftTest.distance`.
        public var distance: Double

        /// Both are between 0 and 1.
        public init(rate: Double, distance: Double) {
            self.rate = rate
            self.distance = distance
        }
    }

    /// One watched value.
    public struct Feature: Equatable, Sendable {
        /// Its name.
        public let name: String
        /// The comparison.
        public let test: DriftTest
        /// The smallest false discovery rate at which it would be a discovery among the values of
        /// the window (Benjamini and Hochberg).
        public let qValue: Double
        /// Whether it is both significant and large.
        public let isAlarm: Bool
    }

    /// In the order given.
    public let features: [Feature]

    /// Judges the tests of one window.
    public init(_ tests: [(name: String, test: DriftTest)], limits: Limits) {
        let qValues = BenjaminiHochberg.qValues(tests.map(\.test.pValue))
        features = zip(tests, qValues).map { entry, qValue in
            Feature(
                name: entry.name,
                test: entry.test,
                qValue: qValue,
                isAlarm: qValue <= limits.rate && entry.test.distance >= limits.distance
            )
        }
    }

    /// Whether any value alarms.
    public var isAlarm: Bool { features.contains { $0.isAlarm } }
}
