import ArgumentParser
import Datasets
import Messages
import VigilClient

/// `vigil quantize`.
struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Makes an INT8 version of an ONNX model, and measures what it gains and loses.",
        discussion: """
            ONNX Runtime's own quantizer makes it, by a Python with the packages onnxruntime and \
            onnx ('Deploy/setup --quantizer' has one in .venv): unsigned 8 bits for activations, \
            signed ones with a scale a channel for weights. A share of the events sets the ranges \
            of activations. Further versions, with groups of layers left in float32, are tried up \
            to --tries; of those that are the fastest within 5 % the one whose scores move least is \
            taken.

            All of it runs in a vigild of the command's own, beside 'vigil' on this machine, which \
            nobody else can ask: clients meet a new version only once it is kept. Both versions \
            are measured there in turn, at every micro-batch that keeps an event's bits, and \
            calibrated on the events that set no range; coverage is that of held-out halves. \
            INT8 is not always faster: small layers lose. So nothing is kept unless --keep, or \
            --keep-faster and it is, says so; then it is written beside the other versions with \
            its precision and calibration, and the daemon reads its models again.

            --json prints speeds, shift, quality, uncertainty, tries and the whole reports of both \
            calibrations, as 'vigil calibrate --json' does; a ratio above 1 says that INT8 is \
            faster.
            """
    )

    @Argument(help: "Model to quantize: an ONNX model of float32 that runs on the cpu.")
    var model: String
    @Option(help: "Labelled events (.npz): the model's inputs and its truth columns.") var data:
        String
    @Option(help: "Ranges of activations: minmax, or percentile, which leaves the rarest out.")
    var method = Quantizer.Method.minmax
    @Option(help: "Versions that are tried at most.") var tries = 8
    @Option(help: "Python to run the quantizer with. Default: $VIGIL_PYTHON, or python3.")
    var python: String?
    @Flag(help: "Keep the new version.") var keep = false
    @Flag(help: "Keep the new version if it is faster.") var keepFaster = false
    @Flag(help: "Leave the daemon as it is.") var noReload = false
    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Print JSON.") var json = false

    /// Versions that may be tried.
    private static let allowedTries = 1...32

    func validate() throws {
        guard Self.allowedTries.contains(tries) else {
            throw ValidationError("--tries \(tries): allowed are 1 to 32")
        }
        guard !(keep && keepFaster) else {
            throw ValidationError("--keep and --keep-faster exclude each other")
        }
    }

    func run() async throws {
        let labelled = try Dataset(path: data)
        let name = model
        let leavings = Leavings.shared
        try leavings.watch()
        let folder = try leavings.makeFolder()
        defer { leavings.remove(folder: folder) }
        let report = try await connection.withClient { client in
            guard let description = try await client.models(name).first else {
                throw Complaint("the daemon has no model '\(name)'")
            }
            let original = try OriginalModel(description, scratch: folder)
            let events = try QuantizationEvents(labelled, model: description)
            let work = Quantization(
                original: original,
                events: events,
                quantizer: Quantizer(python: Quantizer.python(python), folder: folder),
                method: method,
                tries: tries
            )
            var (report, made) = try await work.run()
            if keep || (keepFaster && report.best.ratio > 1) {
                report.kept = try made.keep(beside: original)
                report.reload = noReload ? [] : try await client.reload()
            }
            return report
        }
        for warning in report.int8?.warnings ?? [] { Output.note("warning: \(warning)") }
        if json { return try Output.json(report) }
        report.show()
    }
}
