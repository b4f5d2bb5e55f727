import Messages

/// A reconstructed position and the width of its interval, mm.
struct Position {
    let x: Double
    let y: Double
    let width: Double
}

/// A binary model's own scores of its two classes.
struct ScoreDistribution {
    let model: String
    /// Output that the scores are, as "margin".
    let axis: String
    let names: [String]
    let scores: [[Double]]
}

/// What an evaluation found, for the table, the plots and JSON.
struct EvaluationResult {
    struct Anomalies: Encodable {
        let model: String
        let q: Double
        let kept: Int
        @JSONNumber var false_discovery_proportion: Double
    }

    struct Latency: Encodable {
        @JSONNumber var p50: Double
        @JSONNumber var p99: Double
    }

    struct Model: Encodable {
        let name: String
        let version: String
        let digest: String
        let engine: String
        let precision: String
        let device: String
        let events: Int
        @JSONNumber var events_per_second: Double
        let latency_us: Latency
    }

    struct AUC: Encodable {
        let model: String
        @JSONNumber var auc: Double
    }

    /// The object that `--json` prints.
    struct Report: Encodable {
        let events: Int
        let coverage: [Cell]
        let regions: [Cell]
        let sets: [Cell]
        let reliability: [Cell]
        let auc: [AUC]
        let anomalies: [Anomalies]
        let models: [Model]
    }

    var events = 0
    var coverage: [Cell] = []
    var regions: [Cell] = []
    var sets: [Cell] = []
    var reliability: [Cell] = []
    var auc: [AUC] = []
    var anomalies: [Anomalies] = []
    var models: [Model] = []
    var positions: [Position] = []
    /// Nominal coverage of the widths.
    var positionCoverage = 0.0
    /// What the bins of the coverage are cut along.
    var coverageAxis = ""
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
                events: outcome.rows,
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
            regions: regions,
            sets: sets,
            reliability: reliability,
            auc: auc,
            anomalies: anomalies,
            models: models
        )
    }

    func show() {
        print("\(events) events\n")
        Output.table(
            ["model", "version", "engine", "device", "events", "events/s", "p50 ms", "p99 ms"],
            models.map {
                [
                    $0.name, $0.version, $0.engine, $0.device, String($0.events),
                    Output.fixed($0.events_per_second, 0),
                    Output.fixed($0.latency_us.p50 / 1000, 2),
                    Output.fixed($0.latency_us.p99 / 1000, 2),
                ]
            }
        )
        print(
            "Latency is of requests of \(Scoring.rowsPerRequest) events, \(Scoring.inFlight) in flight."
        )
        showCells("Coverage of intervals, bin by bin", coverage)
        showCells("Coverage of regions, bin by bin", regions)
        showCells("Coverage of sets of classes, class by class and bin by bin", sets)
        if !auc.isEmpty { print("") }
        for entry in auc { print("\(entry.model): AUC \(Output.fixed(entry.auc, 5))") }
        let priors = reliability.compactMap(\.prior).reduce(into: [Double]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        for prior in priors {
            showCells(
                "Reliability of probabilities at prior \(prior)",
                reliability.filter { $0.prior == prior }
            )
        }
        if !anomalies.isEmpty { print("") }
        for entry in anomalies {
            print(
                "\(entry.model): anomalies kept at q = \(entry.q): \(entry.kept), false-discovery proportion \(Output.fixed(entry.false_discovery_proportion, 3))"
            )
        }
    }

    private func showCells(_ title: String, _ cells: [Cell]) {
        guard !cells.isEmpty else { return }
        print("\n\(Cell.title(title, cells))")
        Output.table(
            ["model", "output", "bin", "nominal", "measured", "low", "high", "events", ""],
            cells.map { cell in
                [
                    cell.model, cell.output, cell.bin,
                    // Probabilities of rare signals differ in their exponents.
                    cell.prior == nil
                        ? Output.fixed(cell.nominal, 2) : Output.significant(cell.nominal, 3),
                    Output.fixed(cell.measured, 4), Output.fixed(cell.low, 4),
                    Output.fixed(cell.high, 4), "\(cell.events)", cell.isInside ? "" : "OUTSIDE",
                ]
            }
        )
    }
}
