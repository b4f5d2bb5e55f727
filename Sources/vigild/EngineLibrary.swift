import Catalog
import Execution
import OnnxEngine
import Synchronization
import TreeEngine

/// Makes engines; opens ONNX Runtime when the first model asks for it.
final class EngineLibrary: Sendable {
    private let onnxRuntimePath: String
    private let onnxRuntime = Mutex<OnnxRuntimeLibrary?>(nil)

    init(onnxRuntimePath: String) {
        self.onnxRuntimePath = onnxRuntimePath
    }

    func make(_ source: ModelSource) throws(EngineFailure) -> any Engine {
        let manifest = source.manifest
        switch manifest.engine {
        case .tree:
            return try BoostedTreeEngine(xgboostJSON: source.artefact)
        case .onnx:
            return try OnnxEngine(
                library: try openOnnxRuntime(),
                artefact: source.artefact,
                options: OnnxOptions(
                    device: manifest.device,
                    intraOpThreads: manifest.threads,
                    sharesSession: manifest.sharesSession,
                    providerOptions: manifest.providerOptions.sorted { $0.key < $1.key }
                        .map { (key: $0.key, value: $0.value) },
                    isReproducible: manifest.isReproducible
                )
            )
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
