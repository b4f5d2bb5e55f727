import CBench

/// An echo, or a model served by little more, in C: a process of its own, as vigild is.
final class EchoServer {
    /// Where it listens.
    let endpoint: String
    private let process: ChildProcess

    /// An echo that answers with frames of the sizes of `frames`, or, without any, with the
    /// request's own.
    convenience init(_ setting: Setting, frames: [[UInt8]] = []) throws(BenchFailure) {
        try self.init(setting, name: "echo", ["echo"], frames)
    }

    /// A server in C that runs a model, at most `rows` events at a time, and answers with frames
    /// of the sizes of `frames`.
    ///
    /// It promises nothing: no queue, deadline, check, interval or metric. What it reaches is what
    /// libzmq and ONNX Runtime leave of an echo.
    convenience init(
        _ setting: Setting,
        running input: ModelInput,
        rows: Int,
        frames: [[UInt8]]
    ) throws(BenchFailure) {
        let artefact = ModelShelf.artefact(input.model, setting)
        let options = ["--onnxruntime", setting.onnxRuntime, "--rows", "\(rows)"]
        try self.init(setting, name: "serve", ["serve", "--artefact", artefact] + options, frames)
    }

    private init(
        _ setting: Setting,
        name: String,
        _ arguments: [String],
        _ frames: [[UInt8]]
    ) throws(BenchFailure) {
        process = try ChildProcess(
            [setting.bench] + arguments + frames.map { String($0.count) },
            errorPath: "\(setting.work)/\(name).log"
        )
        guard let line = process.readLine(), line.hasPrefix("tcp://") else {
            throw BenchFailure("the server in C did not start: \(process.errors)")
        }
        endpoint = line
    }

    /// What the process of an echo runs, until it is ended.
    static func run(sizes: [Int]) throws(BenchFailure) -> Never {
        cbench_keep_freed_memory()
        let frames = unsafe frames(sizes)
        let code = unsafe cbench_echo(anywhere, frames, Int32(frames.count))
        throw BenchFailure("the echo ended: libzmq error \(code)")
    }

    /// What the process of a server runs, until it is ended.
    static func serve(library: String, artefact: String, rows: Int, sizes: [Int]) -> Never {
        cbench_keep_freed_memory()
        let frames = unsafe frames(sizes)
        unsafe cbench_serve(
            anywhere,
            library,
            artefact,
            Int32(clamping: rows),
            frames,
            Int32(frames.count)
        )
    }

    private static let anywhere = "tcp://127.0.0.1:*"

    /// Frames to answer with; they live as long as the process.
    private static func frames(_ sizes: [Int]) -> [cbench_frame] {
        unsafe sizes.map { size in
            let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(size, 1))
            unsafe bytes.initialize(repeating: 0)
            // The load generator tells answers from refusals by these.
            for (index, byte) in Load.good.enumerated() where index < size {
                unsafe bytes[index] = byte
            }
            return unsafe cbench_frame(bytes: bytes.baseAddress, count: size)
        }
    }
}
