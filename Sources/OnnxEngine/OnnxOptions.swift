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

    /// Options of a session.
    public init(
        device: Device,
        intraOpThreads: Int,
        sharesSession: Bool,
        providerOptions: [(key: String, value: String)] = []
    ) {
        self.device = device
        self.intraOpThreads = intraOpThreads
        self.sharesSession = sharesSession
        self.providerOptions = providerOptions
    }

    /// Equal in everything a client can tell.
    public static func == (left: Self, right: Self) -> Bool {
        left.device == right.device && left.intraOpThreads == right.intraOpThreads
            && left.sharesSession == right.sharesSession
            && left.providerOptions.elementsEqual(right.providerOptions, by: ==)
    }
}
