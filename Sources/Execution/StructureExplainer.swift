/// Shares of an output that an engine finds by looking into its artefact, rather than by running it;
/// used by one thread at a time.
public protocol StructureExplainer: AnyObject {
    /// The output where no feature is known.
    var base: Double { get }
    /// About what an event costs, in a call of many.
    var nanosecondsPerEvent: Double { get }

    /// Writes the shares of `rows` events, [rows, features], from their features, of the same shape.
    ///
    /// What an event gets does not depend on its neighbours, to the bit.
    func shares(_ features: Span<Float>, rows: Int, into shares: inout MutableSpan<Double>)
}

extension Engine {
    /// Most engines do not look into what they run.
    public func makeExplainer(
        background: [Float]?
    ) throws(EngineFailure) -> (any StructureExplainer)? { nil }
}
