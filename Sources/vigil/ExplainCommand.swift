import ArgumentParser
import Datasets
import Messages
import Tensors
import VigilClient

/// `vigil explain`.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows what made the scores of a file's events.",
        discussion: """
            The model's manifest says by which method. Every feature has a share of the score; a \
            share above zero raised it. For every method but occlusion, base and shares add up to \
            the score but for the residual. What is sampled comes with standard errors, and is a \
            function of --seed and the file's column event_id, or the number of the event's row.

            --plot draws bars; images are drawn as they lie, and so are sensors with --positions.
            """
    )

    @Argument(help: "Model to ask.") var model: String
    @Option(help: "Events (.npy or .npz), as for vigil score.") var data: String
    @Option(help: "Row of an event, from 0; again for more.") var event: [Int] = []
    @Option(help: "The first so many events. Default, without --event: 1.") var first: Int?
    @Option(help: "Seed of what is sampled.") var seed: UInt64 = 0
    @Option(
        name: .shortAndLong,
        help: "File to write (.npz): event, attributions, error, score, base, residual."
    )
    var output: String?
    @Option(help: "Drawing to write (.svg), of at most \(ExplanationPlots.mostEvents) events.")
    var plot: String?
    @Option(help: "Where the sensors are, for --plot: a CSV file with a line x,y for each.")
    var positions: String?
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard event.isEmpty || first == nil else {
            throw ValidationError("--event and --first: only one of them is allowed")
        }
        if let row = event.first(where: { $0 < 0 }) {
            throw ValidationError("--event \(row): allowed are rows from 0")
        }
        if let first, first < 1 {
            throw ValidationError("--first \(first): allowed is 1 or more")
        }
        if let output, !output.hasSuffix(".npz") {
            throw ValidationError("--output \(output): the file must end in .npz")
        }
        if let plot, !plot.hasSuffix(".svg") {
            throw ValidationError("--plot \(plot): the file must end in .svg")
        }
        let count = event.isEmpty ? first ?? 1 : event.count
        if plot != nil, count > ExplanationPlots.mostEvents {
            throw ValidationError(
                "--plot: \(count) events, at most \(ExplanationPlots.mostEvents) are drawn"
            )
        }
        if positions != nil, plot == nil {
            throw ValidationError("--positions: only --plot uses them")
        }
    }

    func run() async throws {
        for path in [output, plot].compactMap({ $0 }) { try Dataset.checkTarget(path) }
        let sensors = try positions.map { try SensorPositions(path: $0) }
        let events = try Dataset(path: data)
        let (name, seed) = (model, seed)
        let (explained, description) = try await connection.withClient(isPatient: true) { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            let source = try EventSource(events, model: description)
            let rows = try self.rows(of: source)
            let explaining = Explaining(
                client: client,
                model: description,
                data: events,
                seed: seed
            )
            return (try await explaining.run(rows, of: source), description)
        }
        if let output { try explained.dataset.write(to: output) }
        if let plot {
            let page = try Self.page(explained, description, sensors)
            try Dataset.write(Array(page.svg().utf8), to: plot)
        }
        if json { return try Output.json(ExplanationReport(explained)) }
        print(ExplanationText(explained).text)
        if output != nil || plot != nil { print() }
        for path in [output, plot].compactMap({ $0 }) { print("written to \(path)") }
    }

    private func rows(of source: EventSource) throws -> [Int] {
        if let row = event.first(where: { $0 >= source.rows }) {
            throw Complaint("--event \(row): \(data) holds the events 0 to \(source.rows - 1)")
        }
        let count = first ?? 1
        guard count <= source.rows else {
            throw Complaint("--first \(count): \(data) holds \(source.rows) events")
        }
        return event.isEmpty ? Array(0..<count) : event
    }

    private static func page(
        _ explained: ExplainedEvents,
        _ model: ModelDescription,
        _ sensors: SensorPositions?
    ) throws -> ExplanationPlots {
        let features = explained.features.count
        // Of a model with several inputs pulls may have a share, and sensors a place.
        let input = model.inputs.count == 1 ? model.inputs[0].signature : nil
        if let sensors {
            guard sensors.places.count == features else {
                throw Complaint(
                    "--positions: found \(sensors.places.count) sensors, \(features) features have a share"
                )
            }
            let map = FeatureMap(sensors)
            return ExplanationPlots(
                explained,
                shares: map,
                input: input?.elementCount == features ? map : nil
            )
        }
        guard let input, let pixels = FeatureMap(pixels: input.shape) else {
            return ExplanationPlots(explained, shares: nil, input: nil)
        }
        let shares =
            input.elementCount == features
            ? pixels : FeatureMap(patches: explained.features)
        return ExplanationPlots(explained, shares: shares, input: pixels)
    }
}
