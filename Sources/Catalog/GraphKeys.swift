internal import StrictYAML
internal import Tensors

/// The key `graphs`, and what may not stand beside it.
struct GraphKeys {
    /// Whether a card runs micro-batches as a CUDA graph.
    let areUsed: Bool

    /// Options of the provider that Vigil sets for a graph.
    private static let ownOptions: Set<String> = [
        "enable_cuda_graph", "user_compute_stream", "has_user_compute_stream",
    ]

    /// `value` is the key's, `session` the text of that key.
    init(
        _ value: YAMLValue?,
        device: Device,
        isReproducible: Bool,
        session: String?,
        providerOptions: [String: String]
    ) throws(YAMLError) {
        areUsed = try value?.bool() ?? false
        guard let value, areUsed else { return }
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
        if let name = Self.ownOptions.intersection(providerOptions.keys).min() {
            throw value.error("found true, allowed is false with provider_options.\(name)")
        }
    }
}
