public import Messages
internal import Tensors

/// One admitted request on its way: what its lane lends, where its answer goes, how far it is.
///
/// Lives in the preallocated memory of a `FlightDeck`; queues link flights by pointer. Who may
/// touch a field is said at the field: the deck's lane, the batcher under its lock, or a
/// worker that holds rows of it.
@unsafe
public struct Flight {
    /// Most inputs of a model.
    public static let maximumInputs = 8
    /// Most uncertainty entries of a model.
    public static let maximumBins = 8

    // Set by admission on the deck's lane, then read-only.

    /// Version that answers; the admission that admitted the flight keeps it alive until the flight
    /// is released, so that a request costs no reference counting.
    var service: Unmanaged<ModelService>?
    /// How the answer is written; kept alive like the service, or by `ownsPlan`.
    var plan: Unmanaged<AnswerPlan>?
    /// Whether the plan was made for this request alone and is retained by it.
    var ownsPlan = false
    /// Number of the roster table that the service is from.
    var generation = 0
    /// Events.
    public package(set) var rows = 0
    /// First byte of each input, in the model's order.
    package var inputs: InlineArray<8, UnsafeRawPointer?> = unsafe .init(repeating: nil)
    /// Row splits of each ragged input.
    var splits: InlineArray<8, UnsafeRawPointer?> = unsafe .init(repeating: nil)
    /// Request columns that choose bins and weigh, by the slots of ModelService.requestColumns.
    var binColumns: InlineArray<24, UnsafeRawPointer?> = unsafe .init(repeating: nil)
    /// Bit i: that column is float64, not float32.
    var wideColumns: UInt32 = 0
    /// Number of the data stream, by the version's `StreamTable`; `noStream` of rows that are no
    /// events.
    package var stream = 0
    /// The stream of rows that the daemon makes up to explain an event: nothing counts them.
    static let noStream = -1
    /// The explanation that the request waits for, retained, or nil.
    var explanation: Unmanaged<ExplanationJob>? {
        didSet { unsafe isExplained = unsafe explanation != nil }
    }
    /// First byte of the events' ids, or nil.
    var eventIds: UnsafeRawPointer?
    /// Where the observations of a labelled event go, all outputs of a row after the other, or nil.
    var observations: UnsafeMutablePointer<Observation>?
    /// What randomised answers are drawn from, with the ids.
    var seed: UInt64 = 0
    /// Coverage of the intervals.
    public internal(set) var coverage = 0.0
    /// Prior asked for; NaN for the calibration's own.
    var prior = Double.nan
    /// Whether the answer is the artefact's own outputs.
    var isRaw = false
    /// Who goes first.
    public package(set) var priority = Priority.standard
    /// Bytes counted against the model's queue.
    package var bytes = 0
    /// When the message was read, nanoseconds of the monotonic clock.
    public package(set) var arrival: UInt64 = 0
    /// When the answer is worth nothing any more.
    public package(set) var deadline: UInt64 = 0

    // The answer: written by workers, each its own rows; taken by the lane when complete.

    /// Block of the answer, or nil.
    public internal(set) var answer: UnsafeMutableRawPointer?
    /// Whether the block is the pool's; small answers lie in the deck's own memory.
    public internal(set) var isPooled = false
    /// Offset of each section in the block: `AnswerLayout.maximumSections` of them, the deck's.
    public let offsets: UnsafeMutablePointer<Int>

    // Under the batcher's lock.

    var next: UnsafeMutablePointer<Flight>?
    var previous: UnsafeMutablePointer<Flight>?
    package var rowsTaken = 0
    package var rowsDone = 0
    package var isWaiting = false
    /// Why there is no answer, once known.
    public internal(set) var refusal: Refusal? {
        didSet { unsafe isRefused = refusal != nil }
    }
    /// Whether there is such a reason: a look at `refusal` itself costs a call.
    public private(set) var isRefused = false
    /// Whether the request waits for an explanation; beside the other flag, so that a look at both
    /// costs one line of cache.
    public private(set) var isExplained = false
    var firstTaken: UInt64 = 0
    /// Nanoseconds from the first row taken to the last row done.
    public internal(set) var computeNanoseconds: UInt64 = 0
    /// Nanoseconds from the read of the message to the first row taken.
    public internal(set) var queueNanoseconds: UInt64 = 0
    /// Rows of the largest micro-batch that a row of this request shared.
    public internal(set) var largestBatch = 0
    /// Bit i: some event of output i carries a flag.
    public internal(set) var flaggedOutputs: UInt32 = 0

    /// Bit i: device i of the engine answered some event; 0 where there is one.
    var answeredBy: UInt8 = 0
    /// What the answer holds and quotes, once admitted; kept alive like the plan.
    ///
    /// Not by way of the plan, for it changes with the devices that answer.
    public internal(set) var layout: Unmanaged<AnswerLayout>?

    // The deck's own.

    let deck: Unmanaged<FlightDeck>
    /// Place in the deck; the transport keeps its own things under the same number.
    public let slot: Int
    var heapPosition = -1
    var nextCompleted: UnsafeMutablePointer<Flight>?
    /// Whether the request was answered (its deadline passed) while rows still run.
    public internal(set) var isAnswered = false

    init(deck: FlightDeck, slot: Int, offsets: UnsafeMutablePointer<Int>) {
        unsafe self.deck = Unmanaged.passUnretained(deck)
        unsafe self.offsets = unsafe offsets
        unsafe self.slot = slot
    }
}

/// A flight by address; equal addresses are the same request.
public typealias FlightPointer = UnsafeMutablePointer<Flight>
