public import Tensors

/// Where TensorRT keeps its plans, and the shapes that they are made for.
///
/// With the shapes given, one plan serves all micro-batches and is made when the session is; without
/// them it would be made anew, with other kernels, whenever a larger batch comes.
public struct OnnxPlans: Sendable, Equatable {
    /// An existing folder for the plans of this artefact alone.
    public var folder: String
    /// Inputs of one event.
    public var inputs: [TensorSignature]
    /// Events of the largest micro-batch.
    public var maximumRows: Int

    /// Plans in `folder`.
    public init(folder: String, inputs: [TensorSignature], maximumRows: Int) {
        self.folder = folder
        self.inputs = inputs
        self.maximumRows = maximumRows
    }

    /// As the provider's options: ONNX Runtime, TensorRT Execution Provider, Configurations.
    var providerOptions: [(key: String, value: String)] {
        [
            ("trt_engine_cache_enable", "1"),
            ("trt_engine_cache_path", folder),
            ("trt_profile_min_shapes", shapes(rows: 1)),
            ("trt_profile_opt_shapes", shapes(rows: maximumRows)),
            ("trt_profile_max_shapes", shapes(rows: maximumRows)),
        ]
    }

    private func shapes(rows: Int) -> String {
        inputs.map { input in
            "\(input.name):\(([rows] + input.shape).map(String.init).joined(separator: "x"))"
        }
        .joined(separator: ",")
    }
}
