import ArgumentParser
import Calibration
import Datasets
import Messages
import VigilClient

/// `vigil cut`.
struct CutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cut",
        abstract: "Chooses the cut on a binary model's score that keeps background out.",
        discussion: """
            Labelled events that the model was not trained on are scored by the running daemon. \
            With the confidence asked for, no more background than --leakage passes the cut that \
            is printed (Learn-then-Test). With --mean the leakage is kept on average over \
            calibrations instead (conformal risk control), which takes fewer events. The promise \
            is for background as it is in the data.
            """
    )

    @Argument(help: "Binary model.") var model: String
    @Option(help: "Labelled events (.npz): the model's inputs and its truth column.")
    var data: String
    @Option(help: "Share of background that may pass, between 0 and 1.") var leakage = 1e-3
    @Option(help: "Probability that the cut keeps it, between 0 and 1; also that of bands.")
    var confidence = 0.95
    @Flag(help: "Keep the expected leakage instead, without a confidence.") var mean = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    /// Events of one class, and how many pass.
    struct Share: Encodable {
        let name: String
        let events: Int
        let passing: Int
        @JSONNumber var share: Double
        @JSONNumber var low: Double
        @JSONNumber var high: Double

        init(_ name: String, _ scores: [Double], above threshold: Double, level: Double) {
            self.name = name
            events = scores.count
            passing = scores.count { $0 > threshold }
            let band = BinomialLaw.interval(successes: passing, trials: events, level: level)
            share = Double(passing) / Double(events)
            low = band.lower
            high = band.upper
        }
    }

    /// The object that `--json` prints.
    private struct Report: Encodable {
        let model: String
        let version: String
        let digest: String
        let engine: String
        let precision: String
        let device: String
        let output: String
        let guarantee: String
        let leakage: Double
        let confidence: Double
        @JSONNumber var threshold: Double
        @JSONNumber var threshold_low: Double
        @JSONNumber var threshold_high: Double
        let background: Share
        let signal: Share
    }

    func validate() throws {
        for (name, value) in [("--leakage", leakage), ("--confidence", confidence)]
        where !(value > 0 && value < 1) {
            throw ValidationError("\(name) \(value): allowed is between 0 and 1")
        }
    }

    func run() async throws {
        let labelled = try Dataset(path: data)
        let name = model
        let (entry, outcome, scores) = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            guard description.task == "binary", let entry = description.uncertainty.first else {
                throw Complaint("model '\(name)' gives no binary score: there is nothing to cut")
            }
            let source = try EventSource(labelled, model: description)
            let truth = try source.column(entry.truth)
            let outcome = try await Scoring(client: client, source: source).run(title: "scored") {
                call in
                call.isRaw = true
                call.priority = .bulk
            }
            let found = try outcome.column(entry.output)
            let scores = try entry.classes.map { one in
                let chosen = found.indices.filter {
                    one.labels.contains(truth[$0]) && found[$0].isFinite
                }
                guard !chosen.isEmpty else {
                    throw Complaint("\(labelled.path)[\(entry.truth)]: no event of \(one.words)")
                }
                return chosen.map { found[$0] }
            }
            return (entry, outcome, scores)
        }
        let threshold = try threshold(scores[0])
        let band = LeakageCut.thresholdBand(
            background: scores[0],
            leakage: leakage,
            level: confidence
        )
        let report = Report(
            model: outcome.origin.model,
            version: outcome.origin.version,
            digest: outcome.origin.digest,
            engine: outcome.origin.engine,
            precision: outcome.origin.precision,
            device: outcome.origin.device,
            output: entry.output,
            guarantee: mean ? "risk-control" : "learn-then-test",
            leakage: leakage,
            confidence: confidence,
            threshold: threshold,
            threshold_low: band.low,
            threshold_high: band.high,
            background: Share(
                entry.classes[0].name,
                scores[0],
                above: threshold,
                level: confidence
            ),
            signal: Share(entry.classes[1].name, scores[1], above: threshold, level: confidence)
        )
        if json { try Output.json(report) } else { show(report) }
    }

    private func threshold(_ background: [Double]) throws -> Double {
        if mean {
            let found = try RiskControl.threshold(background: background, leakage: leakage)
            guard let found else {
                throw tooFew(background.count, fewest: Int((1 / leakage - 1).rounded(.up)))
            }
            return found
        }
        let cut = try LeakageCut(
            background: background,
            leakage: leakage,
            confidence: confidence
        )
        guard let cut else {
            let fewest = LeakageCut.fewestEvents(leakage: leakage, confidence: confidence)
            throw tooFew(background.count, fewest: fewest)
        }
        return cut.threshold
    }

    private func tooFew(_ events: Int, fewest: Int) -> Complaint {
        Complaint(
            "\(data): \(events) background events cannot show a leakage of \(leakage), \(fewest) can"
        )
    }

    private func show(_ report: Report) {
        let level = "\(Output.shortest(confidence * 100)) %"
        print(
            "\(report.model) \(report.version), \(report.engine), \(report.precision), \(report.device)"
        )
        print(
            "\(report.output) > \(Output.significant(report.threshold, 6)) "
                + (mean
                    ? "keeps the expected leakage at or below \(Output.shortest(leakage))"
                    : "keeps the leakage at or below \(Output.shortest(leakage)) with \(level) confidence")
        )
        print(
            "the threshold that leaks exactly that lies between \(Output.significant(report.threshold_low, 6)) and \(Output.significant(report.threshold_high, 6)) (\(level))"
        )
        Output.table(
            ["class", "events", "pass", "share", "low", "high"],
            [report.background, report.signal].map { share in
                [
                    share.name, "\(share.events)", "\(share.passing)",
                    Output.significant(share.share, 4), Output.significant(share.low, 4),
                    Output.significant(share.high, 4),
                ]
            }
        )
        print("Bands are exact binomial ones (Clopper and Pearson), \(level) each.")
    }
}
