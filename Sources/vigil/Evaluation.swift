import Calibration
import Datasets
import Messages
import VigilClient

/// What labelled events show of the models that a daemon serves.
struct Evaluation {
    let data: Dataset
    let coverages: [Double]
    let fdr: Double

    /// Bins of a reliability table.
    private static let reliabilityBins = 10
    /// A right calibration leaves its bands once in a hundred evaluations.
    private static let simultaneousLevel = 0.01

    func run(_ client: Client) async throws -> EvaluationResult {
        var result = EvaluationResult(fdr: fdr)
        let models = try await client.models().filter {
            $0.state == .serving && $0.calibration != nil
        }
        guard !models.isEmpty else {
            throw Complaint("the daemon serves no calibrated model: see 'vigil models'")
        }
        for model in models {
            guard let entry = model.uncertainty.first, data[entry.truth] != nil else {
                Output.note(
                    "\(model.name): the data hold no column '\(model.uncertainty.first?.truth ?? "")', left out"
                )
                continue
            }
            let source = try EventSource(data, model: model)
            result.events = max(result.events, source.rows)
            let scoring = Scoring(client: client, source: source)
            switch model.task {
            case "regression": try await regression(model, scoring, &result)
            case "binary": try await binary(model, scoring, &result)
            case "anomaly": try await anomaly(model, scoring, &result)
            default: continue
            }
        }
        return result
    }

    // MARK: Regression

    private func regression(
        _ model: ModelDescription,
        _ scoring: Scoring,
        _ result: inout EvaluationResult
    ) async throws {
        let isNormal = try normalRows(scoring.source.rows)
        let cells = model.uncertainty.reduce(0) { $0 + $1.binEdges.count + 1 } * coverages.count
        for coverage in coverages {
            let outcome = try await scoring.run(title: "\(model.name) at \(coverage)") { call in
                call.coverage = coverage
                call.outputs = model.uncertainty.filter { $0.binSource == "output" }.map(\.binName)
            }
            if coverage == coverages.first { result.add(model, outcome) }
            for entry in model.uncertainty {
                let events = model.bins.first { $0.output == entry.output }?.events ?? []
                let table = try BinnedCoverage(
                    entry: entry,
                    truth: data.array(entry.truth).doubles,
                    outcome: outcome,
                    binValues: binValues(entry, outcome),
                    isNormal: isNormal
                )
                for bin in table.bins.indices {
                    let band = CoverageLaw.band(
                        calibrationEvents: Int(events[bin]),
                        testEvents: table.events[bin],
                        coverage: coverage,
                        level: 1 - Self.simultaneousLevel / Double(cells)
                    )
                    result.coverage.append(
                        .init(
                            model: model.name,
                            output: entry.output,
                            bin: table.bins[bin],
                            nominal: coverage,
                            measured: table.measured(bin),
                            low: band.low,
                            high: band.high,
                            events: table.events[bin]
                        )
                    )
                }
            }
            if coverage == 0.9 || coverages.count == 1 {
                result.positions = positions(outcome, isNormal)
            }
        }
    }

    private func positions(_ outcome: Scoring.Outcome, _ isNormal: [Bool]) -> [Position] {
        let (x, y) = (outcome["x"], outcome["y"])
        let (low, high) = (outcome["x_lower"], outcome["x_upper"])
        guard !x.isEmpty, !y.isEmpty, !low.isEmpty else { return [] }
        return x.indices.filter { isNormal[$0] }.map {
            Position(x: Double(x[$0]), y: Double(y[$0]), width: Double(high[$0] - low[$0]))
        }
    }

    // MARK: Binary

    private func binary(
        _ model: ModelDescription,
        _ scoring: Scoring,
        _ result: inout EvaluationResult
    ) async throws {
        let entry = model.uncertainty[0]
        let outcome = try await scoring.run(title: model.name) { call in call.prior = 0.5 }
        result.add(model, outcome)
        let truth = try data.array(entry.truth).doubles
        let one = entry.classes[1]
        let rows = truth.indices.filter {
            (entry.classes[0].labels + one.labels).contains(truth[$0])
        }
        let probability = outcome[one.name].map(Double.init)
        let isOne = rows.map { one.labels.contains(truth[$0]) }
        let scores = outcome["log_likelihood_ratio"].map(Double.init)
        result.auc.append(
            .init(
                model: model.name,
                auc: try RankStatistics.auc(scores: rows.map { scores[$0] }, labels: isOne)
            )
        )
        result.scores.append(
            ScoreDistribution(
                model: model.name,
                names: entry.classes.map(\.name),
                scores: [false, true].map { wanted in
                    rows.indices.filter { isOne[$0] == wanted }.map { scores[rows[$0]] }
                }
            )
        )
        let balanced = Self.balanced(rows: rows, isOne: isOne)
        try reliability(model, one.name, balanced.map { (probability[$0.row], $0.isOne) }, &result)
    }

    /// As many events of one class as of the other: what a prior of 0.5 speaks of.
    private static func balanced(rows: [Int], isOne: [Bool]) -> [(row: Int, isOne: Bool)] {
        let ones = rows.indices.filter { isOne[$0] }
        let zeros = rows.indices.filter { !isOne[$0] }
        let count = min(ones.count, zeros.count)
        return (ones.prefix(count) + zeros.prefix(count)).map { (rows[$0], isOne[$0]) }
    }

    private func reliability(
        _ model: ModelDescription,
        _ output: String,
        _ events: [(p: Double, isOne: Bool)],
        _ result: inout EvaluationResult
    ) throws {
        let sorted = events.sorted { $0.p < $1.p }
        let calibration = Int(
            model.bins.filter { $0.output.contains("/") }.reduce(0) { $0 + $1.events.reduce(0, +) }
        )
        for bin in 0..<Self.reliabilityBins {
            let range =
                sorted.count * bin / Self.reliabilityBins..<sorted.count * (bin + 1)
                / Self.reliabilityBins
            guard !range.isEmpty else { continue }
            let part = sorted[range]
            let mean = part.reduce(0) { $0 + $1.p } / Double(part.count)
            let measured = Double(part.count(where: \.isOne)) / Double(part.count)
            let band = ReliabilityBand.band(
                meanProbability: mean,
                calibrationEvents: calibration / Self.reliabilityBins,
                testEvents: part.count,
                level: 1 - Self.simultaneousLevel / Double(Self.reliabilityBins)
            )
            result.reliability.append(
                .init(
                    model: model.name,
                    output: output,
                    bin: "\(bin + 1) of \(Self.reliabilityBins)",
                    nominal: mean,
                    measured: measured,
                    low: band.low,
                    high: band.high,
                    events: part.count
                )
            )
        }
    }

    // MARK: Anomaly

    private func anomaly(
        _ model: ModelDescription,
        _ scoring: Scoring,
        _ result: inout EvaluationResult
    ) async throws {
        let outcome = try await scoring.run(title: model.name) { _ in }
        result.add(model, outcome)
        let normal = model.uncertainty[0].classes[0]
        let truth = try data.array(model.uncertainty[0].truth).doubles
        let pValues = outcome["p_\(normal.name)"].map(Double.init)
        let rejected = BenjaminiHochberg.rejected(pValues: pValues, q: fdr)
        let kept = rejected.indices.filter { rejected[$0] }
        let false_ = kept.count { normal.labels.contains(truth[$0]) }
        result.anomalies = .init(
            q: fdr,
            kept: kept.count,
            false_discovery_proportion: kept.isEmpty ? 0 : Double(false_) / Double(kept.count)
        )
    }

    private func normalRows(_ rows: Int) throws -> [Bool] {
        guard let kind = data["kind"] else { return Array(repeating: true, count: rows) }
        return kind.doubles.map { $0 <= 1 }
    }

    private func binValues(
        _ entry: UncertaintyDescription,
        _ outcome: Scoring.Outcome
    ) throws -> [Double] {
        switch entry.binSource {
        case "output": return outcome[entry.binName].map(Double.init)
        case "input": return try data.array(entry.binFeature).doubles
        case "request": return try data.array(entry.binName).doubles
        default: return Array(repeating: 0, count: outcome.rows)
        }
    }
}

/// Coverage of one output, bin by bin.
private struct BinnedCoverage {
    let bins: [String]
    private(set) var events: [Int]
    private var covered: [Int]

    init(
        entry: UncertaintyDescription,
        truth: [Double],
        outcome: Scoring.Outcome,
        binValues: [Double],
        isNormal: [Bool]
    ) throws {
        let cut = try MondrianBins(edges: entry.binEdges)
        bins = (0..<cut.count).map { cut.label($0) }
        events = Array(repeating: 0, count: cut.count)
        covered = events
        let (lower, upper) = (outcome["\(entry.output)_lower"], outcome["\(entry.output)_upper"])
        for row in truth.indices where isNormal[row] {
            guard let bin = cut.index(of: binValues[row]) else { continue }
            events[bin] += 1
            if Double(lower[row]) <= truth[row], truth[row] <= Double(upper[row]) {
                covered[bin] += 1
            }
        }
    }

    func measured(_ bin: Int) -> Double {
        events[bin] == 0 ? .nan : Double(covered[bin]) / Double(events[bin])
    }
}
