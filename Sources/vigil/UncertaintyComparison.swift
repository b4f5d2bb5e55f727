/// A number of two calibrations, all bins together.
struct UncertaintyComparison: Encodable {
    let output: String
    /// "coverage", "width", "region coverage", "region semi-axis", "share of p-values", "log loss" or
    /// "pair width".
    let what: String
    /// Coverage or p-value that it belongs to.
    var nominal: Double?
    let unit: String
    @JSONNumber var float32: Double
    @JSONNumber var int8: Double

    /// What two reports on the same events say of the same outputs.
    static func compare(
        _ before: CalibrationReport,
        _ after: CalibrationReport
    ) -> [UncertaintyComparison] {
        zip(numbers(before), numbers(after)).map { before, after in
            UncertaintyComparison(
                output: before.output,
                what: before.what,
                nominal: before.nominal,
                unit: before.unit,
                float32: before.value,
                int8: after.value
            )
        }
    }

    private typealias Number = (
        output: String, what: String, nominal: Double?, unit: String, value: Double
    )

    private static func numbers(_ report: CalibrationReport) -> [Number] {
        pooled(
            report.shown(report.coverage, at: \.nominal).map {
                (($0.output, "coverage", $0.nominal, "1", $0.measured), $0.events)
            }
        )
            + pooled(
                report.shown(report.widths, at: \.nominal).map {
                    (($0.output, "width", $0.nominal, $0.unit, $0.width.mean), $0.events)
                }
            )
            + pooled(
                report.regions.map {
                    (($0.output, "region coverage", $0.nominal, "1", $0.measured), $0.events)
                }
            )
            + pooled(
                report.region_sizes.map {
                    (
                        ($0.output, "region semi-axis", $0.nominal, $0.unit, $0.major.mean),
                        $0.events
                    )
                }
            )
            + pooled(
                report.p_values.map {
                    (($0.output, "share of p-values", $0.nominal, "1", $0.measured), $0.events)
                }
            ) + report.probabilities.flatMap(numbers)
    }

    private static func numbers(_ entry: CalibrationReport.Probabilities) -> [Number] {
        let losses = entry.losses.filter { $0.method == entry.method }
        return losses.map { (entry.output, "log loss", nil, "nat", $0.log_loss) }
            + [(entry.output, "pair width", nil, "1", entry.pair_width.mean)]
    }

    /// Numbers of bins as one, each bin by its events.
    private static func pooled(_ bins: [(number: Number, events: Int)]) -> [Number] {
        var pools: [(number: Number, sum: Double, events: Int)] = []
        for (number, events) in bins where events > 0 {
            let place = pools.firstIndex {
                $0.number.output == number.output && $0.number.nominal == number.nominal
            }
            if place == nil { pools.append((number, 0, 0)) }
            let index = place ?? pools.count - 1
            pools[index].sum += number.value * Double(events)
            pools[index].events += events
        }
        return pools.map { pool in
            var number = pool.number
            number.value = pool.sum / Double(pool.events)
            return number
        }
    }
}
