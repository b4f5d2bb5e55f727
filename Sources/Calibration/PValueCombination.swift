internal import Glibc

/// One p-value from several of the same event or hypothesis.
public enum PValueCombination {
    /// Fisher's: -2 Σ ln p is chi-square with two degrees of freedom each (*Statistical Methods for
    /// Research Workers*, 1925).
    ///
    /// Valid for independent p-values only. p-values of two scores of one event are as a rule
    /// positively dependent, and the combined one is then too small: use `simes` where independence
    /// is not known. NaN if one of them is, or if there are none.
    public static func fisher(_ pValues: [Double]) -> Double {
        guard !pValues.isEmpty else { return .nan }
        let sum = pValues.reduce(0) { $0 + log($1) }
        return ChiSquareLaw.tail(statistic: -2 * sum, degrees: 2 * pValues.count)
    }

    /// Simes': the smallest n p_(i) / i, at most 1 (Biometrika 73 (1986) 751).
    ///
    /// Valid for independent p-values and for those whose dependence is positive (PRDS: Sarkar,
    /// Ann. Statist. 26 (1998) 494), as conformal p-values from one calibration are. NaN if one of
    /// them is, or if there are none.
    public static func simes(_ pValues: [Double]) -> Double {
        guard !pValues.isEmpty, !pValues.contains(where: \.isNaN) else { return .nan }
        let count = Double(pValues.count)
        return pValues.sorted().enumerated().reduce(1) { smallest, entry in
            min(smallest, count * entry.element / Double(entry.offset + 1))
        }
    }
}
