public import Tensors

/// How a session runs.
public struct OnnxOptions: Sendable, Equatable {
    /// Where it runs.
    public var device: Device
    /// Threads inside one run.
    public var intraOpThreads: Int
    /// One session for all lanes of the model, or one each.
    public var sharesSession: Bool
    /// Options of the execution provider, passed on as they are.
    public var providerOptions: [(key: String, value: String)]
    /// Whether an event must get the same bits whatever its neighbours and at every start.
    public var isReproducible: Bool
    /// What TensorRT is told about its plans; nil where the provider's options say it, or nothing.
    public var plans: OnnxPlans?
    /// Events of the one micro-batch that is run as a CUDA graph; nil for none.
    public var graphRows: Int?
    /// Whether memory that a card copies from and to is pinned.
    public var pinsMemory: Bool
    /// Most memory of a card that the session's tensors take; nil for no limit.
    public var memoryMebibytes: Int?

    /// Options of a session.
    public init(
        device: Device,
        intraOpThreads: Int,
        sharesSession: Bool,
        providerOptions: [(key: String, value: String)] = [],
        isReproducible: Bool = true,
        plans: OnnxPlans? = nil,
        graphRows: Int? = nil,
        pinsMemory: Bool = true,
        memoryMebibytes: Int? = nil
    ) {
        self.device = device
        self.intraOpThreads = intraOpThreads
        self.sharesSession = sharesSession
        self.providerOptions = providerOptions
        self.isReproducible = isReproducible
        self.plans = plans
        self.graphRows = graphRows
        self.pinsMemory = pinsMemory
        self.memoryMebibytes = memoryMebibytes
    }

    /// Every option of the provider: those given, and those that keep it from choosing kernels by
    /// timing them, which could choose others at the next start, and from rounding to TF32; or that
    /// keep the plan that was made by timing.
    var allProviderOptions: [(key: String, value: String)] {
        guard let index = device.index else { return [] }
        var all = [(key: "device_id", value: String(index))]
        if isReproducible, device.kind == .cuda {
            all += [("cudnn_conv_algo_search", "HEURISTIC"), ("use_tf32", "0")]
        }
        if device.kind == .cuda, let memoryMebibytes {
            all.append(("gpu_mem_limit", String(memoryMebibytes << 20)))
        }
        if device.kind == .tensorrt, let plans { all += plans.providerOptions }
        return all.filter { fixed in !providerOptions.contains { $0.key == fixed.key } }
            + providerOptions
    }

    /// Equal in everything a client can tell.
    public static func == (left: Self, right: Self) -> Bool {
        left.device == right.device && left.intraOpThreads == right.intraOpThreads
            && left.sharesSession == right.sharesSession
            && left.providerOptions.elementsEqual(right.providerOptions, by: ==)
            && left.isReproducible == right.isReproducible && left.plans == right.plans
            && left.graphRows == right.graphRows && left.pinsMemory == right.pinsMemory
            && left.memoryMebibytes == right.memoryMebibytes
    }
}
