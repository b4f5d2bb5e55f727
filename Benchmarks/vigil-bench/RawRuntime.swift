import Datasets
import Execution
import Glibc
import Lanes
import OnnxEngine
import Tensors

/// ONNX Runtime in this process: one session, one thread, buffers bound once.
final class RawRuntime {
    private let instance: any EngineInstance
    private let rows: Int

    init(library: String, artefact: String, rows: Int, input: [Float]) throws {
        guard let file = unsafe fopen(artefact, "rb") else {
            throw BenchFailure("\(artefact) cannot be read")
        }
        defer { unsafe fclose(file) }
        unsafe fseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: max(0, unsafe ftell(file)))
        unsafe rewind(file)
        guard unsafe fread(&bytes, 1, bytes.count, file) == bytes.count, let device = Device("cpu")
        else {
            throw BenchFailure("\(artefact) cannot be read")
        }
        let engine = try OnnxEngine(
            library: try OnnxRuntimeLibrary(path: library),
            artefact: bytes,
            options: OnnxOptions(device: device, intraOpThreads: 1, sharesSession: true)
        )
        instance = try engine.makeInstance(maximumRows: rows, shapes: [rows])
        self.rows = rows
        unsafe input.withUnsafeBytes { values in
            if let base = values.baseAddress {
                unsafe instance.inputMemory(0).copyMemory(from: base, byteCount: values.count)
            }
        }
    }

    /// Events per second over `runs` runs after a warm-up.
    func eventsPerSecond(runs: Int) throws -> Double {
        for _ in 0..<runs / 10 { try instance.run(rows: rows) }
        let start = MonotonicClock.now()
        for _ in 0..<runs { try instance.run(rows: rows) }
        return Double(runs * rows) / (Double(MonotonicClock.now() - start) * 1e-9)
    }
}
