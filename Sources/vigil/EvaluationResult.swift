import Messages

/// A reconstructed position and the width of its interval, mm.
struct Position {
    let x: Double
    let y: Double
    let width: Double
}

/// Log-likelihood ratios of the two classes of a model.
struct ScoreDistribution {
    let model: String
    let names: [String]
    let scores: [[Double]]
}

/// What an evaluation found, for the table, the plots and JSON.
struct EvaluationResult {
    /// One bin of one output.
    struct Cell: Encodable {
        let model: String
        let output: String
        let bin: String
        let nominal: Double
        let measured: Double
        let low: Double
        let high: Double
        let events: Int

        var isInside: Bool { events == 0 || (low <= measured && measured <= high) }
    }

    struct Anomalies: Encodable {
        let q: Double
        let kept: Int
        let false_discovery_proportion: Double
    }

    struct Latency: Encodable {
        let p50: Double
        let p99: Double
    }

    struct Model: Encodable {
        let name: String
        let version: String
        let digest: String
        let engine: String
        let precision: String
        let device: String
        let events_per_second: Double
        let latency_us: Latency
    }

    struct AUC: Encodable {
        let model: String
        let auc: Double
    }

    /// The object that `--json` prints.
    struct Report: Encodable {
        let events: Int
        let coverage: [Cell]
        let reliability: [Cell]
        let auc: [AUC]
        let anomalies: Anomalies?
        let models: [Model]
    }

    var events = 0
    var coverage: [Cell] = []
    var reliability: [Cell] = []
    var auc: [AUC] = []
    var anomalies: Anomalies?
    var models: [Model] = []
    var positions: [Position] = []
    var scores: [ScoreDistribution] = []
    private let fdr: Double

    init(fdr: Double) {
        self.fdr = fdr
    }

    mutating func add(_ model: ModelDescription, _ outcome: Scoring.Outcome) {
        models.append(
            Model(
                name: outcome.origin.model,
                version: outcome.origin.version,
                digest: outcome.origin.digest,
                engine: outcome.origin.engine,
                precision: outcome.origin.precision,
                device: outcome.origin.device,
                events_per_second: outcome.eventsPerSecond,
                latency_us: Latency(
                    p50: outcome.latencyMicroseconds(0.5),
                    p99: outcome.latencyMicroseconds(0.99)
                )
            )
        )
    }

    var report: Report {
        Report(
            events: events,
            coverage: coverage,
            reliability: reliability,
            auc: auc,
            anomalies: anomalies,
            models: models
        )
    }

    func show() {
        print("\(events) events\n")
        Output.table(
            ["model", "version", "engine", "events/s", "p50 ms", "p99 ms"],
            models.map {
                [
                    $0.name, $0.version, $0.engine, Output.fixed($0.events_per_second, 0),
                    Output.fixed($0.latency_us.p50 / 1000, 2),
                    Output.fixed($0.latency_us.p99 / 1000, 2),
                ]
            }
        )
        showCells("Coverage of intervals, bin by bin", coverage, digits: 2)
        for entry in auc { print("\n\(entry.model): AUC \(Output.fixed(entry.auc, 5))") }
        showCells("Reliability of probabilities at prior 0.5", reliability, digits: 4)
        if let anomalies {
            print(
                "\nAnomalies kept at q = \(anomalies.q): \(anomalies.kept), false-discovery proportion \(Output.fixed(anomalies.false_discovery_proportion, 3))"
            )
        }
    }

    private func showCells(_ title: String, _ cells: [Cell], digits: Int) {
        guard !cells.isEmpty else { return }
        let outside = cells.count { !$0.isInside }
        print("\n\(title): \(cells.count - outside) of \(cells.count) inside their bands")
        Output.table(
            ["model", "output", "bin", "nominal", "measured", "low", "high", "events", ""],
            cells.map { cell in
                [
                    cell.model, cell.output, cell.bin, Output.fixed(cell.nominal, digits),
                    Output.fixed(cell.measured, 4), Output.fixed(cell.low, 4),
                    Output.fixed(cell.high, 4), "\(cell.events)", cell.isInside ? "" : "OUTSIDE",
                ]
            }
        )
    }
}
