public import Tensors

/// A score request as it lies in its message; one is kept and refilled by each lane.
///
/// Presence matters (no coverage is not coverage 0), hence the optionals. It is some kilobytes, hence
/// not copyable.
public struct ScoreRequest: ~Copyable, Sendable {
    /// Most input tensors of a request.
    public static let maximumInputs = 8
    /// Most columns of a request.
    public static let maximumColumns = 8
    /// Most names in `outputs`.
    public static let maximumOutputs = 16

    /// Model asked for.
    public var model = LentText()
    /// Version asked for, or nil for the one that is served.
    public var version: LentText?
    /// Input tensors, `inputCount` of them.
    public let inputs = LentList(repeating: LentTensor(), capacity: maximumInputs)
    /// Used entries of `inputs`.
    public var inputCount = 0
    /// Columns, `columnCount` of them.
    public let columns = LentList(repeating: LentTensor(), capacity: maximumColumns)
    /// Used entries of `columns`.
    public var columnCount = 0
    /// Time left in microseconds, counted from the read of the message.
    public var deadlineMicroseconds: UInt64?
    /// Who goes first.
    public var priority = Priority.standard
    /// Coverage of intervals asked for.
    public var coverage: Double?
    /// Probability of class 1 where the events come from.
    public var prior: Double?
    /// Whether the artefact's own outputs are wanted, without calibration.
    public var isRaw = false
    /// Raw outputs wanted by name, `outputCount` of them.
    public let outputs = LentList(repeating: LentText(), capacity: maximumOutputs)
    /// Used entries of `outputs`.
    public var outputCount = 0
    /// The data stream that the events belong to, or empty.
    public var stream = LentText()
    /// What randomised answers are drawn from, with the events' ids.
    public var seed: UInt64 = 0
    /// One id an event, or an empty tensor.
    public var eventIds = LentTensor()
    /// Whether ids came.
    public var hasEventIds = false
    /// Whether attributions are asked for.
    public var wantsAttributions = false

    /// An empty request.
    public init() {}
}
