internal import Execution
internal import Tensors

/// A card with slots enough that one run is under way while another is filled.
///
/// Large micro-batches are cut into runs of at most `Self.slotEvents` events, of which up to
/// `Self.slotCount` are on the card at once; an event's words do not depend on the run it is in.
final class OpenCard: CardSession, @unchecked Sendable {
    // Safe because the keeper lets one thread at a time use it.

    /// Runs that may be on the card at once.
    static let slotCount = 3
    /// Most events of a run: enough that the call costs little of it, few enough that the host packs
    /// while the card computes.
    static let slotEvents = 1024

    private let card: Card
    private let slots: [CardSlot]
    private let layout: WordLayout
    private let slotEvents: Int
    private let milliseconds: Int
    private let countsClocks: Bool
    private var clocksRead: UInt64 = 0

    /// Opens a card and its slots; a run may take `milliseconds`.
    init(
        library: CardLibrary,
        index: Int,
        xclbin: String,
        firmware: Firmware,
        milliseconds: Int
    ) throws(CardFailure) {
        let card = try Card(
            library: library,
            index: index,
            kernel: CardKernel(
                name: firmware.kernel,
                xclbin: xclbin,
                inputStrideBytes: firmware.layout.inputStride,
                outputStrideBytes: firmware.layout.outputStride
            )
        )
        let events = min(Self.slotEvents, firmware.maximumEvents)
        var slots: [CardSlot] = []
        for _ in 0..<Self.slotCount { slots.append(try CardSlot(card: card, events: events)) }
        self.card = card
        self.slots = slots
        layout = firmware.layout
        slotEvents = events
        self.milliseconds = milliseconds
        countsClocks = library.mode != .noop
    }

    /// Read from the card when it is asked for; of one that does not answer, what was read last.
    var clocks: UInt64? {
        guard countsClocks else { return nil }
        do throws(CardFailure) {
            clocksRead = try card.clocks()
        } catch {
            // A card that is gone is found out by the next run, which has somebody to answer to.
        }
        return clocksRead
    }

    func run(
        events: Int,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer
    ) throws(CardFailure) {
        let runs = (events + slotEvents - 1) / slotEvents
        for run in 0..<(runs + slots.count - 1) {
            // The oldest run's slot is the one that the next run takes.
            let oldest = run - (slots.count - 1)
            if oldest >= 0, oldest < runs {
                try unsafe finish(oldest, events: events, output: output)
            }
            if run < runs { try unsafe start(run, events: events, input: input) }
        }
    }

    private func start(
        _ run: Int,
        events: Int,
        input: UnsafeRawPointer
    ) throws(CardFailure) {
        let slot = slots[run % slots.count]
        let count = min(slotEvents, events - run * slotEvents)
        let bytes = unsafe UnsafeRawBufferPointer(
            start: input + run * slotEvents * layout.inputStride,
            count: count * layout.inputStride
        )
        unsafe slot.input.copyMemory(from: bytes)
        try slot.start(events: count)
    }

    private func finish(
        _ run: Int,
        events: Int,
        output: UnsafeMutableRawPointer
    ) throws(CardFailure) {
        let slot = slots[run % slots.count]
        let count = min(slotEvents, events - run * slotEvents)
        try slot.wait(milliseconds: milliseconds)
        guard let words = unsafe slot.output.baseAddress else { return }
        unsafe (output + run * slotEvents * layout.outputStride).copyMemory(
            from: words,
            byteCount: count * layout.outputStride
        )
    }
}

extension OpenCard {
    /// Opens a card and refuses one that does not repeat the firmware's golden words.
    static func proven(
        library: CardLibrary,
        index: Int,
        xclbin: String,
        firmware: Firmware,
        milliseconds: Int
    ) throws(CardFailure) -> OpenCard {
        let card = try OpenCard(
            library: library,
            index: index,
            xclbin: xclbin,
            firmware: firmware,
            milliseconds: milliseconds
        )
        let target = CardTarget(card)
        do throws(EngineFailure) {
            try firmware.golden.check(target, firmware)
        } catch {
            throw target.failure
                ?? CardFailure(call: CardFailure.goldenCheck, code: 0, message: error.message)
        }
        return card
    }
}

extension CardFailure {
    /// The call of a card that gives other words than its firmware.
    static let goldenCheck = "golden check"

    /// Whether the card answers, and wrongly: it is not to be served.
    var isWrongAnswer: Bool { call == Self.goldenCheck }
}

/// A card alone as what runs firmware, for the check of its golden words.
private final class CardTarget: FirmwareTarget {
    let version = "the card"
    private let card: OpenCard
    private(set) var failure: CardFailure?

    init(_ card: OpenCard) { self.card = card }

    func run(
        events: Int,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer
    ) throws(EngineFailure) {
        do throws(CardFailure) {
            try unsafe card.run(events: events, input: input, output: output)
        } catch {
            failure = error
            throw EngineFailure(call: error.call, message: error.message)
        }
    }
}
