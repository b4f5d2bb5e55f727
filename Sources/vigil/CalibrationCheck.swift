import Calibration
import Messages
import Tensors

/// Measures what a calibration's report shows.
struct CalibrationCheck {
    let model: ModelDescription
    let file: CalibrationFile
    let samples: CalibrationSamples

    /// Bins of a histogram of probabilities.
    private static let histogramBins = 20

    /// The report; `path` is where the file lies.
    func report(path: String) throws -> CalibrationReport {
        var report = CalibrationReport(file, path: path, coverage: model.coverage)
        for (output, sample) in zip(file.outputs, samples.outputs) {
            switch sample {
            case .interval(let sample): try interval(output, sample, &report)
            case .binary(let sample, let classes):
                try binary(output, sample, &report)
                try pValues(output, classes, &report)
            case .pValues(let classes): try pValues(output, classes, &report)
            case .weighted: weighted(output, &report)
            }
        }
        for (region, sample) in zip(file.regions, samples.regions) {
            try ellipses(region, sample, &report)
        }
        report.guarantees = CalibrationGuarantee.texts(file)
        report.warnings = report.thinBins()
        return report
    }

    /// The manifest's own coverage and those that are often asked for.
    private var coverages: [Double] {
        Set(CalibrationReport.usualCoverages + (model.coverage.map { [$0] } ?? [])).sorted()
    }

    // MARK: Intervals

    private func interval(
        _ output: OutputCalibration,
        _ sample: CalibrationSamples.Interval,
        _ report: inout CalibrationReport
    ) throws {
        guard let interval = output.interval else { return }
        report.outputs[output.output] = interval.eventsPerBin
        report.bin_columns[output.output] = output.binColumns.map(\.label)
        let shares = try SplitConformal.heldOut(
            interval.method,
            side: interval.side,
            bins: interval.bins,
            samples: sample.samples,
            binColumns: sample.binColumns,
            coverages: coverages
        )
        let cells = file.outputs.compactMap(\.interval).reduce(0) { $0 + $1.bins.count }
        report.coverage += shares.cells(
            model: file.model,
            output: output.output,
            bins: interval.bins,
            tableCells: cells * coverages.count
        )
        for coverage in coverages {
            let widths = try interval.widths(
                of: sample.samples,
                binColumns: sample.binColumns,
                coverage: coverage
            )
            for (bin, width) in widths.enumerated() {
                report.widths.append(
                    .init(
                        output: output.output,
                        side: interval.side.rawValue,
                        unit: unit(output.output),
                        bin: interval.bins.label(bin),
                        nominal: coverage,
                        events: width.events,
                        width: .init(width)
                    )
                )
            }
            let ofOneEnd = interval.method == .cqrAsymmetric ? (1 + coverage) / 2 : coverage
            report.lacking += lacking(
                output.output,
                interval.bins,
                interval.eventsPerBin,
                coverage,
                needed: ConformalRank.fewestEvents(coverage: ofOneEnd)
            ) { interval.quantile(bin: $0, coverage: coverage).isInfinite }
        }
    }

    private func weighted(_ output: OutputCalibration, _ report: inout CalibrationReport) {
        guard let weighted = output.weighted else { return }
        report.outputs[output.output] = weighted.conformal.eventsPerBin
        report.bin_columns[output.output] = output.binColumns.map(\.label)
        report.effective_events[output.output] = weighted.effectiveEvents
    }

    private func lacking(
        _ output: String,
        _ bins: MondrianGrid,
        _ events: [Int],
        _ coverage: Double,
        needed: Int,
        isInfinite: (Int) -> Bool
    ) -> [CalibrationReport.Lacking] {
        events.indices.filter(isInfinite).map { bin in
            .init(
                output: output,
                bin: bins.label(bin),
                nominal: coverage,
                events: events[bin],
                needed: needed
            )
        }
    }

    private func unit(_ output: String) -> String {
        model.outputs.first { $0.signature.name == output }?.unit ?? "1"
    }

    // MARK: Regions

    private func ellipses(
        _ region: RegionCalibration,
        _ sample: CalibrationSamples.Region,
        _ report: inout CalibrationReport
    ) throws {
        let ellipses = region.ellipses
        let name = region.name
        report.outputs[name] = ellipses.eventsPerBin
        report.bin_columns[name] = region.binColumns.map(\.label)
        let coverages = coverages(of: region)
        let shares = try ConformalEllipses.heldOut(
            bins: ellipses.bins,
            samples: sample.samples,
            binColumns: sample.binColumns,
            coverages: coverages
        )
        let cells = file.regions.reduce(0) {
            $0 + $1.ellipses.bins.count * self.coverages(of: $1).count
        }
        report.regions += shares.cells(
            model: file.model,
            output: name,
            bins: ellipses.bins,
            tableCells: cells
        )
        for coverage in coverages {
            let sizes = try ellipses.sizes(
                of: sample.samples,
                binColumns: sample.binColumns,
                coverage: coverage
            )
            for (bin, size) in sizes.enumerated() {
                report.region_sizes.append(
                    .init(
                        output: name,
                        unit: unit(region.outputs[0]),
                        bin: ellipses.bins.label(bin),
                        nominal: coverage,
                        events: size.major.events,
                        major: .init(size.major),
                        area: .init(size.area)
                    )
                )
            }
            report.lacking += lacking(
                name,
                ellipses.bins,
                ellipses.eventsPerBin,
                coverage,
                needed: ConformalRank.fewestEvents(coverage: coverage)
            ) { ellipses.radius(bin: $0, coverage: coverage) == .infinity }
        }
    }

    private func coverages(of region: RegionCalibration) -> [Double] {
        model.regions.first { $0.outputs == region.outputs }?.coverages ?? []
    }

    // MARK: P-values

    private func pValues(
        _ output: OutputCalibration,
        _ classes: [CalibrationSamples.PValues],
        _ report: inout CalibrationReport
    ) throws {
        let cells = output.pValues.reduce(0) { $0 + $1.table.bins.count }
        for (entry, sample) in zip(output.pValues, classes) {
            let name = "\(output.output)/\(entry.name)"
            let table = entry.table
            report.outputs[name] = table.eventsPerBin
            report.bin_columns[name] = output.binColumns.map(\.label)
            let shares = try ConformalPValues.heldOut(
                scores: sample.scores,
                bins: table.bins,
                binColumns: sample.binColumns,
                levels: CalibrationReport.usualPValues
            )
            report.p_values += shares.cells(
                model: file.model,
                output: name,
                bins: table.bins,
                tableCells: cells * CalibrationReport.usualPValues.count
            )
            for bin in 0..<table.bins.count {
                report.floors.append(
                    .init(
                        output: name,
                        bin: table.bins.label(bin),
                        events: table.eventsPerBin[bin],
                        floor: table.floor(bin: bin)
                    )
                )
            }
        }
    }

    // MARK: Probabilities

    private func binary(
        _ output: OutputCalibration,
        _ sample: CalibrationSamples.Binary,
        _ report: inout CalibrationReport
    ) throws {
        let names = output.pValues.map(\.name)
        guard let answered = sample.curves.first(where: { $0.method == sample.method }),
            let pair = sample.curves.first(where: { $0.method == .vennAbers }),
            names.count == 2
        else { return }
        let ones = sample.labels.count { $0 }
        let prior = Double(ones) / Double(sample.labels.count)
        report.probabilities.append(
            .init(
                output: output.output,
                of: names[1],
                method: sample.method.rawValue,
                prior: prior,
                events: [names[0]: sample.labels.count - ones, names[1]: ones],
                folds: HeldOutCurve.folds,
                losses: sample.curves.map { curve in
                    .init(
                        method: curve.method.rawValue,
                        log_loss: curve.logLoss,
                        log_loss_error: curve.logLossError,
                        brier: curve.brier
                    )
                },
                auc: try RankStatistics.auc(scores: sample.scores, labels: sample.labels),
                pair_width: Self.widths(pair.pairWidths),
                histogram: Self.histogram(answered.probabilities, sample.labels, names)
            )
        )
        // Each curve was fitted to the other folds.
        let share = Double(HeldOutCurve.folds - 1) / Double(HeldOutCurve.folds)
        let table = Reliability(
            sample.labels.indices.map {
                .init(row: $0, probability: answered.probabilities[$0], isOne: sample.labels[$0])
            },
            calibration: [sample.labels.count - ones, ones].map { Int(Double($0) * share) }
        )
        report.reliability += table.cells(of: names[1], model: file.model, prior: prior)
    }

    private static func widths(_ widths: [Double]) -> CalibrationReport.Probabilities.Width {
        let sorted = widths.sorted()
        return .init(
            mean: sorted.reduce(0, +) / Double(sorted.count),
            median: sorted[sorted.count / 2],
            p90: sorted[sorted.count * 9 / 10]
        )
    }

    private static func histogram(
        _ probabilities: [Double],
        _ labels: [Bool],
        _ names: [String]
    ) -> CalibrationReport.Histogram {
        var counts = [[Int]](repeating: Array(repeating: 0, count: histogramBins), count: 2)
        for (probability, label) in zip(probabilities, labels) {
            let bin = min(Int(probability * Double(histogramBins)), histogramBins - 1)
            counts[label ? 1 : 0][bin] += 1
        }
        return .init(
            edges: (0...histogramBins).map { Double($0) / Double(histogramBins) },
            events: [names[0]: counts[0], names[1]: counts[1]]
        )
    }
}

extension BinColumn {
    /// The column as its users name it.
    fileprivate var label: String { feature ?? name }
}

extension RegionCalibration {
    /// Both outputs, as a region is called in tables.
    fileprivate var name: String { outputs.joined(separator: ",") }
}
