import Execution
import FPGAEngine
import Lanes
import OnnxEngine
import Tensors
import TreeEngine

/// An engine in this process: one session, one thread, buffers bound once.
final class RawRuntime {
    /// Events of a run.
    let rows: Int
    private let instance: any EngineInstance

    private static let estimateNanoseconds: UInt64 = 20_000_000

    /// ONNX Runtime on a model, its input memory filled with the model's events.
    convenience init(_ setting: Setting, _ input: ModelInput, rows: Int) throws(BenchFailure) {
        try self.init(
            library: setting.onnxRuntime,
            artefact: ModelShelf.artefact(input.model, setting),
            rows: rows,
            values: input.floats(rows: rows)
        )
    }

    /// ONNX Runtime on an artefact; what is not filled of its input memory is 0.
    convenience init(
        library: String,
        artefact: String,
        rows: Int,
        values: [Float] = []
    ) throws(BenchFailure) {
        do throws(EngineFailure) {
            guard let device = Device("cpu") else { throw EngineFailure.noDevice }
            let engine = try OnnxEngine(
                library: try OnnxRuntimeLibrary(path: library),
                artefact: try Self.content(artefact),
                options: OnnxOptions(device: device, intraOpThreads: 1, sharesSession: true)
            )
            try self.init(engine, values, rows: rows)
        } catch {
            throw BenchFailure("\(artefact): \(error)")
        }
    }

    /// The tree engine on a model of XGBoost.
    convenience init(trees path: String, _ input: ModelInput, rows: Int) throws(BenchFailure) {
        do throws(EngineFailure) {
            let engine = try BoostedTreeEngine(xgboostJSON: try Self.content(path))
            try self.init(engine, input.floats(rows: rows), rows: rows)
        } catch {
            throw BenchFailure("\(input.model): \(error)")
        }
    }

    /// The interpreter of a version's firmware, its input memory filled with the golden events.
    convenience init(firmware folder: String, rows: Int) throws(BenchFailure) {
        do {
            let firmware = try Firmware(folder: folder)
            let engine = try FirmwareEngine(firmware, software: .interpreter)
            try self.init(engine, firmware.goldenValues(rows: rows), rows: rows)
        } catch {
            throw BenchFailure("\(folder): \(error)")
        }
    }

    private init(_ engine: any Engine, _ values: [Float], rows: Int) throws(EngineFailure) {
        instance = try engine.makeInstance(maximumRows: rows, shapes: [rows])
        self.rows = rows
        unsafe values.withUnsafeBytes { values in
            if let base = values.baseAddress {
                unsafe instance.inputMemory(0).copyMemory(from: base, byteCount: values.count)
            }
        }
    }

    private static func content(_ path: String) throws(EngineFailure) -> [UInt8] {
        guard let bytes = TextFile.bytes(path) else {
            throw EngineFailure(call: "open", message: "\(path) cannot be read")
        }
        return bytes
    }

    /// Runs that take about `seconds`.
    func runs(seconds: Double) throws(BenchFailure) -> Int {
        var runs = 2
        while true {
            let nanoseconds = try time(runs: runs)
            if nanoseconds > Self.estimateNanoseconds {
                return max(2, Int(seconds * 1e9 * Double(runs) / Double(nanoseconds)))
            }
            runs *= 4
        }
    }

    /// Events per second over `runs` runs after a warm-up.
    func rate(runs: Int) throws(BenchFailure) -> Double {
        _ = try time(runs: max(1, runs / 10))
        return Double(runs * rows) / (Double(try time(runs: runs)) * 1e-9)
    }

    private func time(runs: Int) throws(BenchFailure) -> UInt64 {
        let start = MonotonicClock.now()
        do throws(EngineFailure) {
            for _ in 0..<runs { try instance.run(rows: rows) }
        } catch {
            throw BenchFailure("\(error)")
        }
        return MonotonicClock.now() - start
    }
}

extension EngineFailure {
    fileprivate static var noDevice: EngineFailure {
        EngineFailure(call: "device", message: "there is no cpu")
    }
}
