/// One line of the results: what was measured, against what, and whether it is enough.
struct Figure: Encodable {
    /// What a ratio (or, without a baseline, the value itself) must be.
    enum Target {
        case atLeast(Double)
        case atMost(Double)
        /// For information.
        case none
    }

    let measure: String
    /// Median over the repetitions.
    let value: Double
    let lowest: Double
    let highest: Double
    let unit: String
    /// What it is compared with, and the median of that.
    let baselineName: String?
    let baseline: Double?
    /// Median of the repetitions' own ratios.
    let ratio: Double?
    let target: String?
    let met: Bool?

    enum CodingKeys: String, CodingKey {
        case measure, value, lowest, highest, unit
        case baselineName = "baseline_name"
        case baseline, ratio, target, met
    }

    /// `values` and `baselines` in the order of the repetitions.
    init(
        _ measure: String,
        _ values: [Double],
        unit: String,
        over baselineName: String? = nil,
        _ baselines: [Double] = [],
        target: Target = .none
    ) {
        self.measure = measure
        value = Self.median(values)
        lowest = values.min() ?? .nan
        highest = values.max() ?? .nan
        self.unit = unit
        self.baselineName = baselineName
        baseline = baselineName == nil ? nil : Self.median(baselines)
        let ratio = baselineName == nil ? nil : Self.median(zip(values, baselines).map(/))
        self.ratio = ratio
        let judged = ratio ?? value
        switch target {
        case .atLeast(let bound):
            self.target = ">= \(Self.text(bound))"
            met = judged >= bound
        case .atMost(let bound):
            self.target = "<= \(Self.text(bound))"
            met = judged <= bound
        case .none:
            self.target = nil
            met = nil
        }
    }

    /// A value with an interval around it, judged by the caller.
    init(
        _ measure: String,
        _ value: Double,
        between lowest: Double,
        and highest: Double,
        unit: String,
        target: String? = nil,
        met: Bool? = nil
    ) {
        self.measure = measure
        self.value = value
        self.lowest = lowest
        self.highest = highest
        self.unit = unit
        baselineName = nil
        baseline = nil
        ratio = nil
        self.target = target
        self.met = met
    }

    /// The median of many turns with its interval at 95 %, judged by the median.
    ///
    /// The interval lies between order statistics n / 2 -+ 0.98 sqrt n, whatever the distribution
    /// (Conover, Practical Nonparametric Statistics, section 3.2).
    init(_ measure: String, medianOf values: [Double], unit: String, atMost bound: Double? = nil) {
        let sorted = values.sorted()
        let half = Double(sorted.count) / 2
        let reach = 0.98 * Double(sorted.count).squareRoot()
        let value = Self.median(values)
        self.init(
            measure,
            value,
            between: sorted[max(0, Int(half - reach))],
            and: sorted[min(sorted.count - 1, Int((half + reach).rounded(.up)))],
            unit: unit,
            target: bound.map { "<= \(Self.text($0))" },
            met: bound.map { value <= $0 }
        )
    }

    /// The middle value; of an even number the upper of the two.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }

    /// A number with three or four digits, for people.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let size = abs(value)
        if size >= 1000 || value == value.rounded() { return "\(Int(value.rounded()))" }
        let digits = size >= 100 ? 10.0 : size >= 10 ? 100.0 : 1000.0
        return "\((value * digits).rounded() / digits)"
    }

    /// One line for a terminal.
    var line: String {
        var text = "\(measure): \(Self.text(value)) \(unit)"
        text += " (\(Self.text(lowest)) to \(Self.text(highest)))"
        if let ratio, let baselineName, let baseline {
            text += ", \(Self.text(ratio)) of \(baselineName) at \(Self.text(baseline))"
        }
        if let target, let met { text += ", target \(target): \(met ? "met" : "MISSED")" }
        return text
    }

    /// One row of a page's table: measure, value, baseline, ratio, target, verdict.
    var cells: [String] {
        let range = lowest == highest ? "" : " (\(Self.text(lowest)) to \(Self.text(highest)))"
        let against = baselineName.map { "\($0): \(Self.text(baseline ?? .nan))" } ?? ""
        let verdict = met.map { $0 ? "met" : "**missed**" } ?? ""
        return [
            measure, "\(Self.text(value)) \(unit)\(range)", against,
            ratio.map(Self.text) ?? "", target ?? "", verdict,
        ]
    }
}
