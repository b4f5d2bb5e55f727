/// Which of many p-values to call discoveries, with a bound on the share of false ones.
///
/// Benjamini and Hochberg, JRSS B 57 (1995) 289; valid for conformal p-values that share one
/// calibration, which are positively dependent (Bates et al. 2023, arXiv:2104.08279).
public enum BenjaminiHochberg {
    /// For each p-value, the smallest false discovery rate at which it is a discovery.
    ///
    /// q_(i) = min over j ≥ i of m p_(j) / j, at most 1. NaN counts as 1. O(m log m).
    public static func qValues(_ pValues: [Double]) -> [Double] {
        let clean = pValues.map { $0.isNaN ? 1 : $0 }
        let order = clean.indices.sorted { clean[$0] < clean[$1] }
        var qValues = [Double](repeating: 1, count: clean.count)
        var smallest = 1.0
        for position in stride(from: order.count, through: 1, by: -1) {
            let index = order[position - 1]
            smallest = min(smallest, clean[index] * Double(order.count) / Double(position))
            qValues[index] = smallest
        }
        return qValues
    }

    /// Which p-values are discoveries at false discovery rate `q`: those with a q-value of at most
    /// `q`.
    ///
    /// Conformal p-values are fractions that meet the bound exactly; a rounding error (2^-50 of q)
    /// is forgiven so that such ties are discoveries, as the procedure has it.
    public static func rejected(pValues: [Double], q: Double) -> [Bool] {
        let bound = q * (1 + 0x1p-50)
        return qValues(pValues).map { $0 <= bound }
    }
}
