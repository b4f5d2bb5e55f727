import CBench

/// The echo as a process of its own, as vigild is.
final class EchoServer {
    /// Where it listens.
    let endpoint: String
    private let process: ChildProcess

    /// An echo that answers with frames of the sizes of `frames`, or, without any, with the
    /// request's own.
    init(_ setting: Setting, frames: [[UInt8]] = []) throws(BenchFailure) {
        process = try ChildProcess(
            [setting.bench, "echo"] + frames.map { String($0.count) },
            errorPath: "\(setting.work)/echo.log"
        )
        guard let line = process.readLine(), line.hasPrefix("tcp://") else {
            throw BenchFailure("the echo did not start: \(process.errors)")
        }
        endpoint = line
    }

    /// What the process runs: answers with frames of these sizes, the first one behind the
    /// request's id, until it is ended.
    static func run(sizes: [Int]) throws(BenchFailure) -> Never {
        cbench_keep_freed_memory()
        let frames = unsafe sizes.map { size in
            let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(size, 1))
            unsafe bytes.initialize(repeating: 0)
            // The load generator tells answers from refusals by these.
            for (index, byte) in Load.good.enumerated() where index < size {
                unsafe bytes[index] = byte
            }
            return unsafe cbench_frame(bytes: bytes.baseAddress, count: size)
        }
        let code = unsafe cbench_echo("tcp://127.0.0.1:*", frames, Int32(frames.count))
        throw BenchFailure("the echo ended: libzmq error \(code)")
    }
}
