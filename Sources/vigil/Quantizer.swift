import ArgumentParser
import FoundationEssentials
import Glibc

/// ONNX Runtime's own quantizer, which is a Python program.
struct Quantizer {
    /// How the range of an activation is made of the numbers that it took.
    enum Method: String, CaseIterable, ExpressibleByArgument {
        case minmax
        case percentile
    }

    /// What the quantizer says of a model.
    struct Prepared: Decodable {
        /// ONNX Runtime's library of the same package.
        let library: String
        /// Layers with weights that are constants.
        let layers: Int
        /// Neighbours among them, which are left in float32 together.
        let groups: [[String]]
    }

    /// A version to be made.
    struct Candidate: Encodable {
        /// Layers left in float32.
        let excluded: [String]
        /// File to write.
        let output: String
    }

    private struct Job: Encodable {
        let task: String
        let prepared: String
        let result: String
        var model: String?
        var groups: Int?
        var data: String?
        var method: String?
        var candidates: [Candidate]?
    }

    private struct Nothing: Decodable {}

    /// Python that has the packages.
    let python: String
    /// Scratch folder.
    let folder: String

    /// Python as an option names it, a variable of the environment, or the one that is found first.
    static func python(_ option: String?) -> String {
        if let option { return option }
        return unsafe getenv("VIGIL_PYTHON").map { unsafe String(cString: $0) } ?? "python3"
    }

    /// Makes a model ready; its layers come in at most so many groups.
    func prepare(model: String, groups: Int) throws -> Prepared {
        var job = job("prepare")
        job.model = model
        job.groups = groups
        return try run(job)
    }

    /// Makes versions of the model that was made ready, activations by the events in a file.
    func quantize(_ candidates: [Candidate], data: String, method: Method) throws {
        var job = job("quantize")
        job.data = data
        job.method = method.rawValue
        job.candidates = candidates
        let _: Nothing = try run(job)
    }

    private func job(_ task: String) -> Job {
        Job(task: task, prepared: "\(folder)/prepared.onnx", result: "\(folder)/result.json")
    }

    private func run<Result: Decodable>(_ job: Job) throws -> Result {
        let (program, order) = ("\(folder)/quantizer.py", "\(folder)/job.json")
        try Data(PackageResources.quantizer_py).write(to: URL(filePath: program))
        try JSONEncoder().encode(job).write(to: URL(filePath: order))
        let child = try ChildProcess([python, program, order])
        var last = ""
        while let line = child.nextLine() { if !line.isEmpty { last = line } }
        guard child.wait() else {
            throw Complaint("the quantizer, run by \(python): \(last.isEmpty ? "ended" : last)")
        }
        let found = try Data(contentsOf: URL(filePath: job.result))
        return try JSONDecoder().decode(Result.self, from: found)
    }
}
