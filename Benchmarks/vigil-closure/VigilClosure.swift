import ArgumentParser
import Calibration
import Datasets
import FoundationEssentials
import Glibc

/// Holds what the product promises against scored events, by the product's own code.
@main
struct VigilClosure: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vigil-closure",
        abstract: "Repeats calibrations on scored events and prints what they reach as JSON.",
        discussion: "Benchmarks/closure makes the events, has a daemon score them and calls this."
    )

    @Argument(help: "Scored events, a .npz file.") var events: String
    @Option(help: "Seed of all lots.") var seed: UInt64 = 1
    @Option(help: "Divisions into events that calibrate and events that test.")
    var repetitions = 200

    func validate() throws {
        guard (2...100_000).contains(repetitions) else {
            throw ValidationError("--repetitions: found \(repetitions), allowed is 2 to 100000")
        }
    }

    func run() throws {
        let data = try ScoredEvents(Dataset(path: events))
        var lots = Lots(seed: seed)
        let found = Closure(
            seed: seed,
            repetitions: repetitions,
            coverage: try IntervalCoverage.measured(data, repetitions, &lots)
                + EllipseCoverage.measured(data, repetitions, &lots)
                + PValueCoverage.measured(data, repetitions, &lots),
            spectrum: try SpectrumShift.measured(data, &lots),
            steps: try PositionStep.measured(data),
            drift: try DriftSearch.measured(data, &lots),
            discoveries: try Discoveries.measured(data, repetitions, &lots),
            priors: try PriorChange.measured(data)
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(found), as: UTF8.self))
    }

    /// A mistake of the caller is one line and exit 2, what cannot be measured one line and exit 1.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            guard code != .success else { exit(withError: error) }
            let text = message(for: error).split(whereSeparator: \.isNewline)
                .joined(separator: " ")
            StandardError.write("vigil-closure: \(text)\n")
            Glibc.exit(code == .validationFailure ? 2 : 1)
        }
    }
}

/// All that is measured.
struct Closure: Encodable {
    let seed: UInt64
    let repetitions: Int
    let coverage: [RepeatedShare.Summary]
    let spectrum: SpectrumShift
    let steps: [PositionStep]
    let drift: DriftSearch
    let discoveries: [Discoveries]
    let priors: [PriorChange]
}

/// Standard error.
enum StandardError {
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = unsafe Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
