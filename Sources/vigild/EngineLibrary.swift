import Catalog
import Execution
import FPGAEngine
import OnnxEngine
import Serving
import Synchronization
import Tensors
import TreeEngine

/// Makes engines; opens ONNX Runtime when the first model asks for it.
final class EngineLibrary: Sendable {
    private let onnxRuntimePath: String
    private let xrt: String
    private let cache: String?
    private let onnxRuntime = Mutex<OnnxRuntimeLibrary?>(nil)

    /// `xrt` is XRT's folder, `cache` the folder for what is kept, or nil for none.
    init(onnxRuntimePath: String, xrt: String, cache: String?) {
        self.onnxRuntimePath = onnxRuntimePath
        self.xrt = xrt
        self.cache = cache
    }

    func make(_ source: ModelSource) throws(EngineFailure) -> any Engine {
        let manifest = source.manifest
        switch manifest.engine {
        case .firmware:
            return try makeFirmware(source)
        case .tree:
            guard !manifest.isFixedPoint else {
                return try ConiferEngine(json: source.artefact)
            }
            return try BoostedTreeEngine(
                xgboostJSON: source.artefact,
                thresholdBits: manifest.thresholds?.bits
            )
        case .onnx:
            let library = try openOnnxRuntime()
            var options = OnnxOptions(
                device: manifest.device,
                intraOpThreads: manifest.threads,
                sharesSession: manifest.sharesSession,
                providerOptions: manifest.providerOptions.sorted { $0.key < $1.key }
                    .map { (key: $0.key, value: $0.value) },
                isReproducible: manifest.isReproducible,
                graphRows: manifest.usesGraphs ? manifest.maximumRows : nil,
                pinsMemory: manifest.pinsMemory,
                memoryMebibytes: manifest.memoryMebibytes
            )
            guard manifest.needsPlans else {
                return try OnnxEngine(
                    library: library,
                    artefact: source.artefact,
                    options: options
                )
            }
            let plans = try planFolder(source, library)
            try Self.onPlans { () throws(FileFailure) in try plans.prepare() }
            options.plans = OnnxPlans(
                folder: plans.path,
                inputs: manifest.inputs.map(\.signature),
                maximumRows: manifest.maximumRows
            )
            return try OnnxEngine(library: library, artefact: source.artefact, options: options) {
                () throws(EngineFailure) in
                try Self.onPlans { () throws(FileFailure) in try plans.seal() }
            }
        }
    }

    private func makeFirmware(_ source: ModelSource) throws(EngineFailure) -> FirmwareEngine {
        let manifest = source.manifest
        let firmware: Firmware
        do throws(FirmwareError) {
            firmware = try Firmware(sidecar: source.artefact, folder: source.folder)
        } catch {
            throw error.failure
        }
        let software: FirmwareEngine.Software =
            switch manifest.firmware.software {
            case .interpreter: .interpreter
            case .library: .library("\(source.folder)/\(ModelFolder.firmwareLibraryName)")
            }
        guard let kernel = manifest.kernelFile, let index = manifest.device.index else {
            return try FirmwareEngine(firmware, software: software)
        }
        return try FirmwareEngine(
            firmware,
            software: software,
            card: FirmwareCard(
                device: manifest.device.text,
                index: index,
                root: xrt,
                mode: manifest.device.kind == .xrt ? .hardware : .emulated,
                xclbin: "\(source.folder)/\(kernel)",
                runMilliseconds: manifest.firmware.runMilliseconds
            )
        )
    }

    private func planFolder(
        _ source: ModelSource,
        _ library: OnnxRuntimeLibrary
    ) throws(EngineFailure) -> PlanFolder {
        guard let cache else {
            throw EngineFailure(
                call: "TensorRT",
                message: "a reproducible model needs a place for its plans: set `cache`, or "
                    + "`reproducible: false` in the manifest"
            )
        }
        return PlanFolder(cache: cache, source: source, library: library.version)
    }

    private static func onPlans<Value>(
        _ body: () throws(FileFailure) -> Value
    ) throws(EngineFailure) -> Value {
        do throws(FileFailure) {
            return try body()
        } catch {
            throw EngineFailure(call: "TensorRT", message: error.description)
        }
    }

    private func openOnnxRuntime() throws(EngineFailure) -> OnnxRuntimeLibrary {
        let path = onnxRuntimePath
        return try onnxRuntime.withLock { library throws(EngineFailure) in
            if let library { return library }
            let opened = try OnnxRuntimeLibrary(path: path)
            library = opened
            return opened
        }
    }
}
