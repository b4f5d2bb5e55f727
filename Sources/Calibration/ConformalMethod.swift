/// How a residual becomes a conformity score, and a score an interval.
///
/// y is the truth, p the prediction, [l, u] the model's own quantiles, s its own scale, q the
/// calibrated quantile of the score.
public enum ConformalMethod: String, Codable, Sendable, CaseIterable {
    /// Score |y - p|, interval p ± q. Vovk et al. 2005; Lei et al., JASA 113 (2018) 1094.
    case absolute
    /// Score |y - p| / s, interval p ± q s. Papadopoulos et al. 2008; Lei et al. 2018.
    case normalised
    /// Score max(l - y, y - u), interval [l - q, u + q]. Romano, Patterson, Candès, NeurIPS 2019.
    case cqr
    /// Scores l - y and y - u apart, each end at half the miscoverage; theorem 2 of the same paper.
    case cqrAsymmetric = "cqr-asymmetric"
}
