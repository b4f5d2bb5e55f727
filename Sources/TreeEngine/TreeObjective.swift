internal import Glibc

/// The XGBoost objectives whose margins can be turned into predictions here.
///
/// An objective fixes two maps: from `base_score` to the margin that summing starts with, and from
/// the summed margin to the prediction.
public enum TreeObjective: String, CaseIterable, Sendable {
    case binaryLogistic = "binary:logistic"
    case binaryLogitRaw = "binary:logitraw"
    case binaryHinge = "binary:hinge"
    case multiSoftmax = "multi:softmax"
    case multiSoftprob = "multi:softprob"
    case squaredError = "reg:squarederror"
    case squaredLogError = "reg:squaredlogerror"
    case absoluteError = "reg:absoluteerror"
    case pseudoHuberError = "reg:pseudohubererror"
    case quantileError = "reg:quantileerror"
    case logisticRegression = "reg:logistic"
    case gamma = "reg:gamma"
    case tweedie = "reg:tweedie"
    case poisson = "count:poisson"
    case cox = "survival:cox"
    case acceleratedFailureTime = "survival:aft"
    case rankPairwise = "rank:pairwise"
    case rankNDCG = "rank:ndcg"
    case rankMAP = "rank:map"

    /// The form of a prediction.
    enum Link {
        /// The margin itself.
        case identity
        /// 1 / (1 + e^−margin).
        case logistic
        /// e^margin.
        case exponential
        /// e^margin, computed in Double.
        case wideExponential
        /// Probabilities over the groups.
        case softmax
        /// The number of the group with the largest margin; the first of equals.
        case largestGroup
        /// 1 above zero, else 0.
        case step
    }

    var link: Link {
        switch self {
        case .binaryLogistic, .logisticRegression: .logistic
        case .gamma, .tweedie, .poisson, .cox: .exponential
        case .acceleratedFailureTime: .wideExponential
        case .multiSoftprob: .softmax
        case .multiSoftmax: .largestGroup
        case .binaryHinge: .step
        case .binaryLogitRaw, .squaredError, .squaredLogError, .absoluteError, .pseudoHuberError,
            .quantileError, .rankPairwise, .rankNDCG, .rankMAP:
            .identity
        }
    }

    /// The base scores that have a finite start margin, in words.
    var allowedBaseScores: String {
        switch link {
        case .logistic: "0...1"
        case .exponential, .wideExponential: "a finite number above 0"
        case .identity, .softmax, .largestGroup, .step: "a finite number"
        }
    }

    /// The margin that summing starts with, to the bit as XGBoost 3.2 computes it.
    ///
    /// Nil where the base score is outside `allowedBaseScores`. binary:logitraw takes the score as
    /// it stands.
    func startMargin(baseScore: Float) -> Float? {
        guard baseScore.isFinite else { return nil }
        switch link {
        case .logistic:
            guard baseScore >= 0, baseScore <= 1 else { return nil }
            // XGBoost 3.x keeps the score this far from 0 and 1; 2.x refused both.
            let inside = min(max(baseScore, 1e-6), 1 - 1e-6)
            return -logf(1 / inside - 1)
        case .exponential, .wideExponential:
            return baseScore > 0 ? logf(baseScore) : nil
        case .identity, .softmax, .largestGroup, .step:
            return baseScore
        }
    }
}
