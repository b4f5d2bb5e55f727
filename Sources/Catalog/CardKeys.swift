internal import StrictYAML
internal import Tensors

/// Keys for models on a graphics card: how it is used beside its provider's options.
struct CardKeys {
    /// Whether micro-batches run as a CUDA graph.
    let usesGraphs: Bool
    /// Whether the host's buffers are pinned.
    let pinsMemory: Bool
    /// Most memory of the card that a session's tensors take, or nil for no limit.
    let memoryMebibytes: Int?

    /// Options of the provider that Vigil sets for a graph.
    private static let graphOptions: Set<String> = [
        "enable_cuda_graph", "user_compute_stream", "has_user_compute_stream",
    ]
    /// The option of CUDA's provider that limits memory.
    private static let limitOption = "gpu_mem_limit"

    /// Takes the keys; `session` is the text of that key.
    init(
        _ top: inout YAMLMapping,
        device: Device,
        isReproducible: Bool,
        session: String?,
        providerOptions: [String: String]
    ) throws(YAMLError) {
        usesGraphs = try Self.readGraphs(
            top.take("graphs"),
            device: device,
            isReproducible: isReproducible,
            session: session,
            providerOptions: providerOptions
        )
        let pinned = top.take("pinned")
        pinsMemory = try pinned?.bool() ?? true
        if let pinned, !device.isGraphicsCard {
            throw pinned.error("\(device.text) has no such memory: it is for cuda and tensorrt")
        }
        let memory = top.take("memory_mebibytes")
        memoryMebibytes = try memory?.int(in: 1...1_048_576)
        guard let memory else { return }
        guard device.kind == .cuda else {
            throw memory.error(
                device.kind == .tensorrt
                    ? "tensorrt has no such limit; trt_max_workspace_size of provider_options is one"
                        + " for its workspace"
                    : "\(device.text) has no such limit: it is for cuda"
            )
        }
        if providerOptions[Self.limitOption] != nil {
            throw memory.error("provider_options.\(Self.limitOption) stands too, allowed is one")
        }
    }

    private static func readGraphs(
        _ value: YAMLValue?,
        device: Device,
        isReproducible: Bool,
        session: String?,
        providerOptions: [String: String]
    ) throws(YAMLError) -> Bool {
        guard let value, try value.bool() else { return false }
        guard device.kind == .cuda else {
            throw value.error("found true for \(device.text), allowed is false but on cuda:0 ...")
        }
        guard isReproducible else {
            throw value.error(
                "found true, allowed is false without reproducible: a CUDA graph has one shape,"
                    + " micro-batches then have several"
            )
        }
        guard session != "shared" else {
            throw value.error(
                "found true, allowed is false with session: shared: a CUDA graph belongs to one lane"
            )
        }
        if let name = graphOptions.intersection(providerOptions.keys).min() {
            throw value.error("found true, allowed is false with provider_options.\(name)")
        }
        return true
    }
}
