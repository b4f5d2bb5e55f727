/// What made the scores of events: a share of each feature, or of each group of features.
public struct Attributions: Sendable, Equatable {
    /// The raw output explained.
    public var output = ""
    /// Its unit, "1" for none.
    public var unit = ""
    /// "tree-path", "tree-interventional", "exact-shapley", "permutation-shapley", "occlusion",
    /// "gradient-input", "integrated-gradients" or "pulls".
    public var method = ""
    /// Names of the shares, in the order of `value`.
    public var features: [String] = []
    /// Shares, [events, features], in the output's unit; NaN where an input of the event is not
    /// finite.
    public var value: [Double] = []
    /// Standard errors, as `value`; nil where nothing is sampled.
    public var error: [Double]?
    /// The output explained, one an event.
    public var score: [Double] = []
    /// The output with no feature known, one an event; nil of shares that do not add up.
    public var base: [Double]?
    /// |score - base - sum of shares|, one an event; nil with `base`.
    public var residual: [Double]?
    /// Times that the model ran for one event.
    public var evaluations = 0
    /// "sha256:" and 64 hexadecimal digits, of the background's file, where there is one.
    public var background: String?
    /// The same of the gradient graph.
    public var gradient: String?

    /// Empty.
    public init() {}
}

/// How scores are explained on request, and what that takes.
public struct ExplanationDescription: Sendable, Equatable {
    /// The raw output explained.
    public var output = ""
    /// As of `Attributions`.
    public var method = ""
    /// Names of the shares.
    public var features: [String] = []
    /// "sha256:" and 64 hexadecimal digits, of the background's file, where there is one.
    public var background: String?
    /// Rows of the background; 0 where there is none.
    public var backgroundRows = 0
    /// The digest of the gradient graph, where there is one.
    public var gradient: String?
    /// Times that the model runs for one event.
    public var evaluations = 0
    /// What one event takes, estimated.
    public var nanoseconds = 0
    /// The most that one request may take.
    public var limitNanoseconds = 0
    /// Why nothing is explained, or nil.
    public var reason: String?

    /// Empty.
    public init() {}
}
