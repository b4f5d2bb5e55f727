internal import CXRT

/// What one run on a card needs: memory for its inputs and outputs, here and on the card.
///
/// Two or more slots let the card run one while the host fills another.
@safe
public final class CardSlot {
    /// Most events of a run.
    public let events: Int
    private let card: Card
    private let pointer: OpaquePointer
    private var running = 0

    /// Room for runs of up to `events` events.
    public init(card: Card, events: Int) throws(CardFailure) {
        precondition(events > 0, "a slot holds events")
        self.card = card
        self.events = events
        var failure = unsafe cxrt_failure()
        guard
            let opened = unsafe cxrt_slot_open(
                card.pointer,
                events * card.kernel.inputStrideBytes,
                events * card.kernel.outputStrideBytes,
                &failure
            )
        else {
            throw unsafe CardFailure(failure)
        }
        unsafe pointer = opened
    }

    deinit {
        unsafe cxrt_slot_close(pointer)
    }

    /// Inputs, an event every stride; not to be touched from `start` to the end of the wait.
    public var input: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(
            start: cxrt_slot_input(pointer),
            count: events * card.kernel.inputStrideBytes
        )
    }

    /// Outputs of the run waited for last, an event every stride.
    public var output: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: cxrt_slot_output(pointer),
            count: events * card.kernel.outputStrideBytes
        )
    }

    /// Whether a run was started and its end not seen yet.
    public var isRunning: Bool { running > 0 }

    /// Starts a run on the first events of the input.
    ///
    /// Waits for nothing but the way to the card.
    public func start(events count: Int) throws(CardFailure) {
        precondition((1...events).contains(count) && running == 0, "one run at a time, that fits")
        var failure = unsafe cxrt_failure()
        let bytes = count * card.kernel.inputStrideBytes
        guard unsafe cxrt_slot_start(pointer, UInt32(count), bytes, &failure) == 0 else {
            throw unsafe CardFailure(failure)
        }
        running = count
    }

    /// Waits until the run has ended, at most so long, and fetches its outputs.
    ///
    /// After a failure that is a time-out the run is still under way and may be waited for again.
    public func wait(milliseconds: Int) throws(CardFailure) {
        precondition(running > 0, "a run was started")
        var failure = unsafe cxrt_failure()
        let bytes = running * card.kernel.outputStrideBytes
        let limit = UInt32(clamping: milliseconds)
        guard unsafe cxrt_slot_wait(pointer, limit, bytes, &failure) == 0 else {
            let failed = unsafe CardFailure(failure)
            if !failed.isTimeout { running = 0 }
            throw failed
        }
        running = 0
    }
}
