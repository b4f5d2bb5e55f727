internal import Glibc

/// A probability of class 1 from a score on the scale of a logit, by a curve of few parameters.
///
/// σ is the logistic function, z the score. Fitted by log loss against Platt's targets,
/// (n1 + 1) / (n1 + 2) for class 1 and 1 / (n0 + 2) for class 0 instead of 1 and 0, so that separable
/// classes have a fit too (Platt, *Advances in Large Margin Classifiers*, 1999).
public struct LogisticCalibration: Equatable, Sendable {
    /// What the curve is made of.
    public enum Form: String, CaseIterable, Sendable {
        /// σ(a z). Guo, Pleiss, Sun, Weinberger, ICML 2017, with a = 1 / T.
        case temperature
        /// σ(a z + b). Platt 1999.
        case platt
        /// σ(a ln σ(z) - b ln(1 - σ(z)) + c), a and b not negative. Kull, Silva Filho, Flach,
        /// AISTATS 2017.
        case beta
    }

    /// Its form.
    public let form: Form
    /// a; a and b; or a, b and c.
    public let coefficients: [Double]

    /// Iterations after which a fit has failed; a few suffice.
    private static let mostIterations = 100
    /// Improvement of the loss of an event below which the fit is done.
    private static let enough = 1e-15

    /// Finite coefficients, as many as the form has.
    public init(form: Form, coefficients: [Double]) throws(CalibrationError) {
        guard coefficients.count == form.parameters, coefficients.allSatisfy(\.isFinite) else {
            throw CalibrationError(
                "coefficients",
                found: coefficients.map(NumberText.of).joined(separator: ", "),
                allowed: "\(form.parameters) finite numbers"
            )
        }
        self.form = form
        self.coefficients = coefficients
    }

    /// The probability of class 1; NaN in gives NaN out, an infinite score the end it points to.
    public func probability(_ score: Double) -> Double {
        BinaryCurve.probability(logit: logit(score))
    }

    /// The logarithm of its odds.
    public func logit(_ score: Double) -> Double {
        switch form {
        case .temperature:
            coefficients[0] * score
        case .platt:
            coefficients[0] * score + coefficients[1]
        case .beta:
            Self.product(coefficients[0], -Self.softplus(-score))
                + Self.product(coefficients[1], Self.softplus(score)) + coefficients[2]
        }
    }

    /// Fits the curve to events the model was not trained on.
    ///
    /// O(n) an iteration. Refuses a score that is not finite, unequal lengths, a sample without both
    /// classes and one on which the fit does not settle.
    public static func fit(
        _ form: Form,
        scores: [Double],
        labels: [Bool]
    ) throws(CalibrationError) -> LogisticCalibration {
        let ones = try BinarySample.ones(scores, labels)
        let target = (
            zero: 1 / (Double(labels.count - ones) + 2),
            one: (Double(ones) + 1) / (Double(ones) + 2)
        )
        let targets = labels.map { $0 ? target.one : target.zero }
        var used = [Bool](repeating: true, count: form.parameters)
        var coefficients = try newton(form, scores, targets, used)
        // A slope that wants to be negative is left out: the other one alone (Kull et al., section 4).
        if form == .beta, let negative = (0...1).first(where: { coefficients[$0] < 0 }) {
            used[negative] = false
            coefficients = try newton(form, scores, targets, used)
            if coefficients[1 - negative] < 0 {
                used[1 - negative] = false
                coefficients = try newton(form, scores, targets, used)
            }
        }
        return try LogisticCalibration(form: form, coefficients: coefficients)
    }

    private static func newton(
        _ form: Form,
        _ scores: [Double],
        _ targets: [Double],
        _ used: [Bool]
    ) throws(CalibrationError) -> [Double] {
        var coefficients = [Double](repeating: 0, count: used.count)
        var state = curvature(form, scores, targets, coefficients)
        for _ in 0..<mostIterations {
            let step = NormalEquations.solve(state.matrix, state.gradient, used)
            var length = 1.0
            var next = coefficients
            var tried = state
            repeat {
                next = zip(coefficients, step).map { $0 - length * $1 }
                tried = curvature(form, scores, targets, next)
                length /= 2
            } while !(tried.loss <= state.loss) && length > 1e-12
            let gain = (state.loss - tried.loss) / Double(scores.count)
            guard gain >= 0 else { return coefficients }
            coefficients = next
            state = tried
            if gain <= enough { return coefficients }
        }
        throw CalibrationError(
            "scores",
            found: "a fit that does not settle in \(mostIterations) steps",
            allowed: "scores for which it does"
        )
    }

    /// The log loss at some coefficients, and its first and second derivatives.
    private static func curvature(
        _ form: Form,
        _ scores: [Double],
        _ targets: [Double],
        _ coefficients: [Double]
    ) -> (loss: Double, gradient: [Double], matrix: [[Double]]) {
        let count = coefficients.count
        var loss = 0.0
        var gradient = [Double](repeating: 0, count: count)
        var matrix = [[Double]](repeating: gradient, count: count)
        for (score, target) in zip(scores, targets) {
            let features = form.features(score)
            let logit = zip(coefficients, features).reduce(0) { $0 + $1.0 * $1.1 }
            loss += softplus(logit) - target * logit
            let probability = BinaryCurve.probability(logit: logit)
            let weight = probability * (1 - probability)
            for row in 0..<count {
                gradient[row] += (probability - target) * features[row]
                for column in 0..<count {
                    matrix[row][column] += weight * features[row] * features[column]
                }
            }
        }
        return (loss, gradient, matrix)
    }

    /// ln(1 + e^x), without overflow.
    static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    /// A product in which nothing times infinity is nothing.
    private static func product(_ a: Double, _ b: Double) -> Double { a == 0 ? 0 : a * b }
}

extension LogisticCalibration.Form {
    /// How many coefficients.
    public var parameters: Int {
        switch self {
        case .temperature: 1
        case .platt: 2
        case .beta: 3
        }
    }

    fileprivate func features(_ score: Double) -> [Double] {
        switch self {
        case .temperature: [score]
        case .platt: [score, 1]
        case .beta:
            [-LogisticCalibration.softplus(-score), LogisticCalibration.softplus(score), 1]
        }
    }
}
