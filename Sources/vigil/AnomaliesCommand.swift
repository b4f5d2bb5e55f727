import ArgumentParser
import Calibration
import Datasets
import Messages
import Tensors
import VigilClient

/// `vigil anomalies`.
struct AnomaliesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anomalies",
        abstract: "Finds the events of a file that are not like normal ones.",
        discussion: """
            Every event gets a conformal p-value from each anomaly model; several are combined. \
            Which events to keep is decided over the whole file by Benjamini and Hochberg: of \
            what is kept, a share of at most --fdr is normal, on average over calibrations. With \
            --conditional the p-values hold for the calibrations at hand, with the confidence \
            asked for.
            """
    )

    /// How p-values of one event become one.
    enum Combination: String, CaseIterable, ExpressibleByArgument {
        case simes
        case fisher
    }

    @Argument(help: "Data file (.npz).") var file: String
    @Option(help: "False-discovery rate, between 0 and 1.") var fdr = 0.1
    @Option(name: .shortAndLong, help: "Anomaly model; again for more. Default: all.")
    var model: [String] = []
    @Option(
        help:
            "How several p-values become one: simes, or fisher, which is valid only if the scores are independent."
    )
    var combine = Combination.simes
    @Flag(help: "Make p-values hold for the calibration at hand.") var conditional = false
    @Option(help: "Probability with which they then do, between 0 and 1.") var confidence = 0.95
    @Option(name: .shortAndLong, help: "File to write (.npz): p- and q-values of every event.")
    var output: String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    /// Most events that the table shows.
    private static let mostShown = 20

    /// The object that `--json` prints.
    private struct Report: Encodable {
        struct Model: Encodable {
            let name: String
            let version: String
            let digest: String
            let calibration: String?
            @JSONNumber var floor: Double
        }

        struct Event: Encodable {
            let row: Int
            let event_id: Int?
            @JSONNumber var p_value: Double
            /// Whether the p-value is the smallest that the calibration can give: "at most".
            let is_floor: Bool
            @JSONNumber var q_value: Double
        }

        let events: Int
        let without_p_value: Int
        let fdr: Double
        let combination: String?
        let confidence: Double?
        let models: [Model]
        let kept: [Event]
        let output: String?
    }

    func validate() throws {
        for (name, value) in [("--fdr", fdr), ("--confidence", confidence)]
        where !(value > 0 && value < 1) {
            throw ValidationError("\(name) \(value): allowed is between 0 and 1")
        }
        if let output, !output.hasSuffix(".npz") {
            throw ValidationError("--output \(output): the file must end in .npz")
        }
    }

    func run() async throws {
        if let output { try Dataset.checkTarget(output) }
        let events = try Dataset(path: file)
        let names = model
        let scored = try await connection.withClient { client in
            let models = try await Self.anomalyModels(client, names)
            var scored: [AnomalyScores] = []
            for model in models {
                let source = try EventSource(events, model: model)
                let outcome = try await Scoring(client: client, source: source).run(
                    title: model.name
                ) { call in
                    call.priority = .bulk
                    call.outputs = model.uncertainty[0].bins.filter { $0.source == "output" }
                        .map(\.name)
                }
                scored.append(try AnomalyScores(model, source, outcome))
            }
            return scored
        }
        let rows = scored[0].pValues.count
        if let other = scored.first(where: { $0.pValues.count != rows }) {
            throw Complaint(
                "\(file): \(rows) events of \(scored[0].origin.model), but \(other.pValues.count) of \(other.origin.model)"
            )
        }
        let pValues = try combined(scored)
        let qValues = BenjaminiHochberg.qValues(pValues)
        let isKept = BenjaminiHochberg.rejected(pValues: pValues, q: fdr)
        let ids = events["event_id"].flatMap { $0.rows == rows ? $0.doubles : nil }
        let kept = isKept.indices.filter { isKept[$0] }
            .sorted { (pValues[$0], $0) < (pValues[$1], $1) }
            .map { row in
                Report.Event(
                    row: row,
                    event_id: ids.flatMap { Int(exactly: $0[row]) },
                    p_value: pValues[row],
                    is_floor: scored.allSatisfy { $0.isFloor[row] },
                    q_value: qValues[row]
                )
            }
        if let output { try write(events, scored, pValues, qValues, to: output) }
        let report = Report(
            events: rows,
            without_p_value: pValues.count { $0.isNaN },
            fdr: fdr,
            combination: scored.count > 1 ? combine.rawValue : nil,
            confidence: conditional ? confidence : nil,
            models: try scored.map { entry in
                Report.Model(
                    name: entry.origin.model,
                    version: entry.origin.version,
                    digest: entry.origin.digest,
                    calibration: entry.origin.calibration,
                    floor: try conditional
                        ? entry.conditionalFloor(confidence: confidence) : entry.floor
                )
            },
            kept: kept,
            output: output
        )
        if json { try Output.json(report) } else { show(report) }
    }

    /// Those named, or all that serve with a calibration.
    private static func anomalyModels(
        _ client: Client,
        _ names: [String]
    ) async throws -> [ModelDescription] {
        let all = try await client.models().filter { $0.state == .serving }
        let usable = all.filter { $0.task == "anomaly" && $0.calibration != nil }
        guard !names.isEmpty else {
            guard !usable.isEmpty else {
                throw Complaint(
                    "the daemon serves no calibrated anomaly model: see 'vigil models'"
                )
            }
            return usable
        }
        return try names.map { name in
            if let model = usable.first(where: { $0.name == name }) { return model }
            guard let model = all.first(where: { $0.name == name }) else {
                throw Complaint("the daemon serves no model '\(name)'")
            }
            throw Complaint(
                model.task == "anomaly"
                    ? "model '\(name)' has no calibration: \(model.calibrationReason ?? "unknown")"
                    : "model '\(name)' is a \(model.task) model: it gives no anomaly score"
            )
        }
    }

    private func combined(_ scored: [AnomalyScores]) throws -> [Double] {
        let each = try scored.map { entry in
            conditional ? try entry.conditional(confidence: confidence) : entry.pValues
        }
        guard each.count > 1 else { return each[0] }
        return each[0].indices.map { row in
            let pValues = each.map { $0[row] }
            return combine == .simes
                ? PValueCombination.simes(pValues) : PValueCombination.fisher(pValues)
        }
    }

    private func write(
        _ events: Dataset,
        _ scored: [AnomalyScores],
        _ pValues: [Double],
        _ qValues: [Double],
        to path: String
    ) throws {
        var result = Dataset()
        result["p_value"] = NumericArray(doubles: pValues)
        result["q_value"] = NumericArray(doubles: qValues)
        for entry in scored {
            result["p_\(entry.origin.model)"] = NumericArray(doubles: entry.pValues)
        }
        if let ids = events["event_id"], ids.rows == pValues.count { result["event_id"] = ids }
        try result.write(to: path)
    }

    private func show(_ report: Report) {
        let names = report.models.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        print("\(report.events) events by \(names)")
        if let combination = report.combination { print("p-values combined by \(combination)") }
        if let confidence = report.confidence {
            print(
                "p-values hold for these calibrations with \(Output.shortest(confidence * 100)) %"
            )
        }
        if report.without_p_value > 0 {
            print("\(report.without_p_value) events have no p-value and are not kept")
        }
        for model in report.models {
            print(
                "\(model.name): no p-value is below its floor, \(Output.significant(model.floor, 3)), which means at most"
            )
        }
        print("\(report.kept.count) kept at a false-discovery rate of \(Output.shortest(fdr))")
        guard !report.kept.isEmpty else { return }
        let hasIds = report.kept.contains { $0.event_id != nil }
        Output.table(
            ["row"] + (hasIds ? ["event_id"] : []) + ["p", "q"],
            report.kept.prefix(Self.mostShown).map { event in
                ["\(event.row)"] + (hasIds ? [event.event_id.map(String.init) ?? ""] : [])
                    + [
                        (event.is_floor ? "<= " : "") + Output.significant(event.p_value, 3),
                        Output.significant(event.q_value, 3),
                    ]
            }
        )
        if report.kept.count > Self.mostShown {
            print("and \(report.kept.count - Self.mostShown) more")
        }
        if let output { print("written to \(output)") }
    }
}

/// Conformal p-values of one model, and what each stands on.
private struct AnomalyScores {
    let origin: ScoreAnswer.Origin
    /// NaN where an event has none.
    let pValues: [Double]
    /// Calibration events of each event's bin; 0 where it has none.
    private let events: [Int]
    /// Calibration events of the fullest bin.
    private let most: Int

    init(
        _ model: ModelDescription,
        _ source: EventSource,
        _ outcome: Scoring.Outcome
    ) throws {
        let entry = model.uncertainty[0]
        let normal = entry.classes[0].name
        origin = outcome.origin
        pValues = try outcome.column("p_\(normal)")
        let counts = origin.bins.first { $0.output == "\(entry.output)/\(normal)" }?.events ?? []
        let grid = try entry.grid()
        guard counts.count == grid.count else {
            throw Complaint("model '\(model.name)' does not say how many events its bins have")
        }
        let columns = try source.binColumns(entry, outcome)
        events = (0..<outcome.rows).map { row in
            grid.index(of: columns.map { $0[row] }).map { Int(counts[$0]) } ?? 0
        }
        most = Int(counts.max() ?? 0)
    }

    /// The smallest p-value that any bin can give.
    var floor: Double { 1 / Double(most + 1) }

    /// The same of p-values that hold for the calibration at hand.
    func conditionalFloor(confidence: Double) throws -> Double {
        try ConditionalPValues(events: most, confidence: confidence).adjusted(floor)
    }

    /// Whether each p-value is the smallest that its bin can give.
    var isFloor: [Bool] {
        zip(pValues, events).map { ($0 * Double($1 + 1)).rounded() == 1 }
    }

    /// p-values that hold for the calibration at hand.
    func conditional(confidence: Double) throws -> [Double] {
        try zip(pValues, events).map { pValue, events in
            guard events > 0 else { return pValue }
            return try ConditionalPValues(events: events, confidence: confidence).adjusted(pValue)
        }
    }
}
