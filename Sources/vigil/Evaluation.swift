import Calibration
import Datasets
import Messages
import VigilClient

/// What labelled events show of the models that a daemon serves.
struct Evaluation {
    let data: Dataset
    let coverages: [Double]
    let fdr: Double

    /// Priors at which probabilities are judged: even, and rare signals as in a search.
    private static let priors = [0.5, 0.005]

    func run(_ client: Client) async throws -> EvaluationResult {
        var result = EvaluationResult(fdr: fdr)
        let models = try await client.models().filter {
            $0.state == .serving && $0.calibration != nil
        }
        guard !models.isEmpty else {
            throw Complaint("the daemon serves no calibrated model: see 'vigil models'")
        }
        for model in models {
            let missing = model.uncertainty.map(\.truth).first { !data.holds($0) }
            guard !model.uncertainty.isEmpty, missing == nil else {
                Output.note(
                    "\(model.name): the data hold no column '\(missing ?? "")', left out"
                )
                continue
            }
            let source = try EventSource(data, model: model)
            result.events = max(result.events, source.rows)
            let scoring = Scoring(client: client, source: source)
            switch model.task {
            case "regression": try await regression(model, scoring, &result)
            case "binary": try await binary(model, scoring, &result)
            case "classes": try await classes(model, scoring, &result)
            case "anomaly": try await anomaly(model, scoring, &result)
            default: Output.note("\(model.name): the task \(model.task) is not evaluated, left out")
            }
        }
        guard !result.models.isEmpty else {
            throw Complaint("\(data.path): no model that the daemon serves fits these events")
        }
        return result
    }

    // MARK: Regression

    private func regression(
        _ model: ModelDescription,
        _ scoring: Scoring,
        _ result: inout EvaluationResult
    ) async throws {
        let source = scoring.source
        let isNormal = try source.normalRows()
        let cells = try model.uncertainty.reduce(0) { $0 + (try $1.grid().count) } * coverages.count
        let regions = try model.regions.map { try RegionCoverage($0, model) }
        let regionCells = regions.reduce(0) { $0 + $1.cells }
        let columns = model.uncertainty.flatMap(\.bins).map(\.label)
        result.coverageAxis =
            "\(model.name), bins of \(Set(columns).sorted().joined(separator: ", "))"
        for coverage in coverages {
            let outcome = try await scoring.run(title: "\(model.name) at \(coverage)") { call in
                call.coverage = coverage
                call.outputs = model.uncertainty.flatMap(\.bins).filter { $0.source == "output" }
                    .map(\.name)
            }
            if coverage == coverages.first {
                result.add(model, outcome)
                for region in regions {
                    result.regions += try region.measure(
                        outcome,
                        source,
                        isNormal,
                        tableCells: regionCells
                    )
                }
            }
            for entry in model.uncertainty {
                let shares = try intervalShares(
                    model,
                    entry,
                    source,
                    outcome,
                    isNormal,
                    coverage: coverage
                )
                result.coverage += shares.cells(
                    model: model.name,
                    output: entry.output,
                    bins: try entry.grid(),
                    tableCells: cells
                )
            }
            if coverage == (coverages.contains(0.9) ? 0.9 : coverages.last) {
                result.positions = positions(outcome, isNormal)
                result.positionCoverage = coverage
            }
        }
    }

    /// Coverage of one output, bin by bin.
    private func intervalShares(
        _ model: ModelDescription,
        _ entry: UncertaintyDescription,
        _ source: EventSource,
        _ outcome: Scoring.Outcome,
        _ isNormal: [Bool],
        coverage: Double
    ) throws -> BinnedShares {
        let truth = try source.column(entry.truth)
        let binColumns = try source.binColumns(entry, outcome)
        let grid = try entry.grid()
        var shares = BinnedShares(
            law: ConformalMethod(rawValue: entry.method)?.law ?? .coverage,
            levels: [coverage],
            calibrationEvents: model.calibrationEvents(entry.output, bins: grid)
        )
        let lower = try outcome.column("\(entry.output)_lower")
        let upper = try outcome.column("\(entry.output)_upper")
        // An event without a truth, or flagged and without an interval, shows nothing.
        for row in truth.indices where isNormal[row] && !(truth[row] + lower[row]).isNaN {
            guard let bin = grid.index(of: binColumns.map { $0[row] }) else { continue }
            shares.add(bin: bin) { _ in lower[row] <= truth[row] && truth[row] <= upper[row] }
        }
        return shares
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
        let truth = try scoring.source.column(entry.truth)
        for one in entry.classes where !truth.contains(where: { one.labels.contains($0) }) {
            throw Complaint("\(data.path)[\(entry.truth)]: no event of \(one.words)")
        }
        for prior in Self.priors {
            let outcome = try await scoring.run(title: "\(model.name) at prior \(prior)") { call in
                call.prior = prior
                call.outputs = [entry.output]
            }
            let one = entry.classes[1]
            let probability = try outcome.column(one.name)
            let events = truth.indices.compactMap { row -> Reliability.Event? in
                let isOne = one.labels.contains(truth[row])
                guard isOne || entry.classes[0].labels.contains(truth[row]),
                    probability[row].isFinite
                else { return nil }
                return .init(row: row, probability: probability[row], isOne: isOne)
            }
            if prior == Self.priors.first {
                result.add(model, outcome)
                try separation(entry, outcome, events, &result)
            }
            let reliability = Reliability(
                events,
                prior: prior,
                calibration: entry.classes.map { calibrationEvents(model, entry, $0) }
            )
            result.reliability += reliability.cells(
                of: one.name,
                model: model.name,
                prior: prior
            )
        }
    }

    private func separation(
        _ entry: UncertaintyDescription,
        _ outcome: Scoring.Outcome,
        _ events: [Reliability.Event],
        _ result: inout EvaluationResult
    ) throws {
        let ratios = try outcome.column("log_likelihood_ratio")
        let margins = try outcome.column(entry.output)
        let name = outcome.origin.model
        result.auc.append(
            .init(
                model: name,
                auc: try RankStatistics.auc(
                    scores: events.map { ratios[$0.row] },
                    labels: events.map(\.isOne)
                )
            )
        )
        result.scores.append(
            ScoreDistribution(
                model: name,
                axis: entry.output,
                names: entry.classes.map(\.name),
                scores: [false, true].map { wanted in
                    events.filter { $0.isOne == wanted }.map { margins[$0.row] }
                }
            )
        )
    }

    private func calibrationEvents(
        _ model: ModelDescription,
        _ entry: UncertaintyDescription,
        _ one: ClassDescription
    ) -> Int {
        let bins = model.bins.first { $0.output == "\(entry.output)/\(one.name)" }
        return Int(bins?.events.reduce(0, +) ?? 0)
    }

    // MARK: Classes

    private func classes(
        _ model: ModelDescription,
        _ scoring: Scoring,
        _ result: inout EvaluationResult
    ) async throws {
        let table = try SetCoverage(model)
        for coverage in coverages {
            let outcome = try await scoring.run(title: "\(model.name) at \(coverage)") { call in
                call.coverage = coverage
                call.outputs = model.uncertainty[0].bins.filter { $0.source == "output" }
                    .map(\.name)
            }
            if coverage == coverages.first { result.add(model, outcome) }
            result.sets += try table.measure(
                outcome,
                scoring.source,
                coverage: coverage,
                tableCells: table.cells * coverages.count
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
        let truth = try scoring.source.column(model.uncertainty[0].truth)
        let pValues = try outcome.column("p_\(normal.name)")
        let rejected = BenjaminiHochberg.rejected(pValues: pValues, q: fdr)
        let kept = rejected.indices.filter { rejected[$0] }
        let false_ = kept.count { normal.labels.contains(truth[$0]) }
        result.anomalies.append(
            EvaluationResult.Anomalies(
                model: model.name,
                q: fdr,
                kept: kept.count,
                false_discovery_proportion: kept.isEmpty ? 0 : Double(false_) / Double(kept.count)
            )
        )
    }
}

extension ModelDescription {
    /// Events that calibrated what is called `output`, bin by bin; 0 where the daemon names none.
    func calibrationEvents(_ output: String, bins grid: MondrianGrid) -> [Int] {
        let events = bins.first { $0.output == output }?.events ?? []
        return (0..<grid.count).map { $0 < events.count ? Int(events[$0]) : 0 }
    }
}
