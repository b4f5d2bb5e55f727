internal import Glibc

/// A curve from a binary score to the probability of class 1.
public enum BinaryCurve: Equatable, Sendable {
    /// The merged probability of a Venn-ABERS pair.
    case vennAbers(VennAbers)
    /// Temperature, Platt or beta.
    case logistic(LogisticCalibration)
    /// Isotonic regression.
    case isotonic(IsotonicCalibration)

    /// How a curve is made, by its name in manifests, replies and calibration files.
    public enum Method: String, CaseIterable, Sendable {
        /// See `VennAbers`.
        case vennAbers = "venn-abers"
        /// See `LogisticCalibration`.
        case temperature
        /// See `LogisticCalibration`.
        case platt
        /// See `LogisticCalibration`.
        case beta
        /// See `IsotonicCalibration`.
        case isotonic
    }

    /// Fits one to events the model was not trained on; refuses what the method's `fit` refuses.
    public static func fit(
        _ method: Method,
        scores: [Double],
        labels: [Bool]
    ) throws(CalibrationError) -> BinaryCurve {
        switch method {
        case .vennAbers: .vennAbers(try VennAbers.fit(scores: scores, labels: labels))
        case .isotonic: .isotonic(try IsotonicCalibration.fit(scores: scores, labels: labels))
        case .temperature: try logistic(.temperature, scores, labels)
        case .platt: try logistic(.platt, scores, labels)
        case .beta: try logistic(.beta, scores, labels)
        }
    }

    /// How it was made.
    public var method: Method {
        switch self {
        case .vennAbers: .vennAbers
        case .isotonic: .isotonic
        case .logistic(let curve):
            switch curve.form {
            case .temperature: .temperature
            case .platt: .platt
            case .beta: .beta
            }
        }
    }

    /// The probability of class 1 at the calibration's own prior; NaN in gives NaN out.
    public func probability(_ score: Double) -> Double {
        switch self {
        case .vennAbers(let curve):
            let (p0, p1) = curve.pair(score)
            return VennAbers.merged(p0: p0, p1: p1)
        case .logistic(let curve): return curve.probability(score)
        case .isotonic(let curve): return curve.probability(score)
        }
    }

    /// The logarithm of the odds of class 1 at the calibration's own prior; NaN in gives NaN out.
    public func logit(_ score: Double) -> Double {
        guard case .logistic(let curve) = self else { return Self.logit(probability(score)) }
        return curve.logit(score)
    }

    /// ln(p / (1 - p)).
    public static func logit(_ probability: Double) -> Double {
        log(probability) - log1p(-probability)
    }

    /// 1 / (1 + e^-logit).
    public static func probability(logit: Double) -> Double { 1 / (1 + exp(-logit)) }

    /// The mean of -ln P(label), in nats: how well probabilities describe labelled events.
    ///
    /// Scores and labels of equal number, at least one.
    public func logLoss(scores: [Double], labels: [Bool]) -> Double {
        precondition(scores.count == labels.count && !scores.isEmpty, "labelled events")
        let losses = zip(scores, labels).map { Self.logLoss(probability($0), $1) }
        return losses.reduce(0, +) / Double(losses.count)
    }

    /// -ln P(label) of one event, in nats.
    static func logLoss(_ probability: Double, _ label: Bool) -> Double {
        -log(label ? probability : 1 - probability)
    }

    private static func logistic(
        _ form: LogisticCalibration.Form,
        _ scores: [Double],
        _ labels: [Bool]
    ) throws(CalibrationError) -> BinaryCurve {
        .logistic(try LogisticCalibration.fit(form, scores: scores, labels: labels))
    }
}
