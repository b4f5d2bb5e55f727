public import Tensors

/// A loaded artefact: immutable, shared by the lanes that run it.
///
/// This seam is one dynamic call a micro-batch; no event passes through it alone.
public protocol Engine: AnyObject, Sendable {
    /// Name and version of what runs, as "onnxruntime 1.32.0".
    var version: String { get }
    /// Tensors that the artefact takes, in its own order.
    var inputs: [TensorSignature] { get }
    /// Tensors that the artefact gives, in its own order.
    var outputs: [TensorSignature] { get }
    /// The shapes to run at where they are known beforehand, so that nothing depends on a
    /// measurement; nil: they are probed and timed at load.
    var knownPlan: MicroBatchPlan? { get }
    /// The only number of rows that the artefact takes, or nil for any.
    var fixedRows: Int? { get }
    /// Whether a run is known to cost about the same whatever the values are, so that its cost
    /// measured with other values can be relied on; false unless an engine says so.
    var hasSteadyCost: Bool { get }
    /// Devices that may answer, the one asked for first; empty where there is only that.
    var devices: [String] { get }
    /// Why another device than the one asked for answers now, or nil.
    var degradation: String? { get }
    /// What the devices have done so far, one entry for each of `devices`.
    var deviceCounts: [DeviceCounts] { get }
    /// What of several ways to evaluate the artefact was chosen, for people; empty if there is one.
    var evaluation: String { get }

    /// What one lane needs to run micro-batches of up to `maximumRows` rows; each of
    /// `shapes` is made ready. Throws when the library refuses a shape.
    func makeInstance(maximumRows: Int, shapes: [Int]) throws(EngineFailure) -> any EngineInstance

    /// What explains the first output by the artefact's structure, against the rows of `background`
    /// or what the artefact itself knows of its data; nil where an engine cannot.
    func makeExplainer(background: [Float]?) throws(EngineFailure) -> (any StructureExplainer)?
}

extension Engine {
    /// Nothing is known.
    public var hasSteadyCost: Bool { false }
    /// There is one way.
    public var evaluation: String { "" }
    /// There is one device.
    public var devices: [String] { [] }
    /// It answers.
    public var degradation: String? { nil }
    /// There is one device.
    public var deviceCounts: [DeviceCounts] { [] }
}

/// Buffers and handles of one lane; used by one thread at a time.
public protocol EngineInstance: AnyObject {
    /// Memory for input `index`, of `maximumRows` rows; written before `run`.
    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer
    /// Memory of output `index`; valid after `run` until the next.
    func outputMemory(_ index: Int) -> UnsafeRawPointer

    /// Place in the engine's `devices` of the one that answered the last run.
    var answeredBy: Int { get }
    /// Positions of the last run's rows with an input beyond what the artefact holds, rising; among
    /// them may be those of padding.
    var rowsOutOfRange: [Int] { get }

    /// Makes ready what belongs to the calling thread, which runs it next; overwrites outputs. Costs
    /// what a few runs do, where there is something. A thread that did not call it pays in its first
    /// run.
    func prepare() throws(EngineFailure)

    /// Runs a micro-batch of one of the prepared shapes from the input memory.
    func run(rows: Int) throws(EngineFailure)

    /// Runs a micro-batch whose only input lies at `input`, aligned to 64 bytes, for the
    /// time of the call. Nothing is copied.
    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure)
}

extension EngineInstance {
    /// There is one device.
    public var answeredBy: Int { 0 }
    /// Every finite value is within.
    public var rowsOutOfRange: [Int] { [] }

    /// Nothing belongs to a thread.
    public func prepare() throws(EngineFailure) {}
}

extension Engine {
    /// No engine of a served artefact knows its costs.
    public var knownPlan: MicroBatchPlan? { nil }
}
