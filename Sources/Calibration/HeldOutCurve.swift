/// What curves of one method say of events that they were not fitted to.
///
/// Every event is judged by the curve of the folds that it is not in. Nothing promises these
/// probabilities a law as that of conformal intervals: losses compare methods, a reliability diagram
/// shows where a method is off.
public struct HeldOutCurve: Equatable, Sendable {
    /// The method.
    public let method: BinaryCurve.Method
    /// The probability of class 1, event by event.
    public let probabilities: [Double]
    /// Width of the pair (p0, p1), event by event; empty but for `BinaryCurve.Method.vennAbers`.
    public let pairWidths: [Double]
    /// Mean of -ln P(label), in nats.
    public let logLoss: Double
    /// Its standard error over events.
    public let logLossError: Double
    /// Mean of (P(class 1) - label)²: Brier, *Monthly Weather Review* 78 (1950) 1.
    public let brier: Double

    /// Folds that are held out in turn.
    public static let folds = 5

    /// Judges every method, the one with the least log loss first; of equal ones the first of
    /// `BinaryCurve.Method`.
    ///
    /// Folds are dealt by lot within each class (`HeldOutParts`), so the same events give the same
    /// choice. O(n log n). Refuses what the fits refuse, and a class of fewer than two events.
    public static func all(
        scores: [Double],
        labels: [Bool]
    ) throws(CalibrationError) -> [HeldOutCurve] {
        let ones = try BinarySample.ones(scores, labels)
        guard min(ones, labels.count - ones) >= 2 else {
            throw CalibrationError(
                "labels",
                found: "\(ones) of class 1 among \(labels.count)",
                allowed: "at least 2 of each class, so that folds can be held out"
            )
        }
        let parts = HeldOutParts.dealt(folds, groups: labels.map { $0 ? 1 : 0 })
        var curves: [HeldOutCurve] = []
        for method in BinaryCurve.Method.allCases {
            curves.append(try HeldOutCurve(method, scores, labels, parts))
        }
        return curves.enumerated().sorted {
            ($0.element.logLoss, $0.offset) < ($1.element.logLoss, $1.offset)
        }.map(\.element)
    }

    private init(
        _ method: BinaryCurve.Method,
        _ scores: [Double],
        _ labels: [Bool],
        _ parts: [Int]
    ) throws(CalibrationError) {
        var probabilities = [Double](repeating: .nan, count: scores.count)
        var pairWidths = method == .vennAbers ? probabilities : []
        for (fold, out) in parts.members(Self.folds).enumerated() where !out.isEmpty {
            let fitted = parts.indices.filter { parts[$0] != fold }
            let curve = try BinaryCurve.fit(
                method,
                scores: fitted.map { scores[$0] },
                labels: fitted.map { labels[$0] }
            )
            for event in out {
                probabilities[event] = curve.probability(scores[event])
                guard case .vennAbers(let vennAbers) = curve else { continue }
                let (p0, p1) = vennAbers.pair(scores[event])
                pairWidths[event] = p1 - p0
            }
        }
        let losses = zip(probabilities, labels).map { BinaryCurve.logLoss($0, $1) }
        let count = Double(losses.count)
        let mean = losses.reduce(0, +) / count
        let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.method = method
        self.probabilities = probabilities
        self.pairWidths = pairWidths
        logLoss = mean
        logLossError = (squares / (count - 1) / count).squareRoot()
        brier =
            zip(probabilities, labels).reduce(0) {
                let miss = $1.0 - ($1.1 ? 1 : 0)
                return $0 + miss * miss
            } / count
    }
}
