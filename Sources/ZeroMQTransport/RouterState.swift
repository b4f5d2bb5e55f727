internal import Tensors
internal import Telemetry
internal import CZeroMQ
internal import Glibc
internal import Lanes
internal import Messages
internal import Serving
internal import Synchronization
internal import Wire

/// A control request's answer on its way back to the lane.
struct ControlOutcome: Sendable {
    let identity: [UInt8]
    let hasDelimiter: Bool
    let id: UInt64
    let reply: ControlReply
}

/// What the lane owns.
@safe
final class RouterState {
    /// Messages read before they are seen to, and before replies are looked at again.
    static let maximumBurst = 64
    /// Longest sleep: then the heartbeat moves.
    private static let sleepNanoseconds: Int64 = 500_000_000
    /// How long refusals are sent to clients that go on asking when everything else is answered.
    private static let farewellNanoseconds: UInt64 = 200_000_000
    /// Control requests that are worked on at once.
    private static let maximumControl = 32
    /// Sections up to this size are copied into a frame; larger ones are lent.
    static let lendBytes = 1024
    private static let replyFrames =
        3 + AnswerLayout.maximumSections + ReplyEncoder.maximumAttributionFrames

    let socket: RouterSocket
    let deck: FlightDeck
    let admission: Admission
    let slots: MessageSlots
    let metrics: LaneMetrics
    private let control: RouterLane.ControlHandler
    let outcomes: Mailbox<ControlOutcome>
    private let bell: Bell
    let replyArena = Arena()
    let templates = ReplyTemplates()
    let outgoing: UnsafeMutablePointer<zmq_msg_t>
    let lentFrames: UnsafeMutablePointer<LentFrame>
    /// What clients have not read; behind a pointer as the memo is.
    let backlogs: UnsafeMutablePointer<Backlogs>
    let request: UnsafeMutablePointer<ScoreRequest>
    /// The last header that may come again; behind a pointer, so that no look at it is checked for
    /// exclusive access.
    let memo: UnsafeMutablePointer<HeaderMemo>
    var controlRunning = 0
    /// When the messages of this round count as read.
    var roundStart: UInt64 = 0
    /// When the models of the last dispatch had run.
    private var modelsEnd: UInt64 = 0
    /// When the last round ended.
    var lastWork: UInt64 = 0
    /// Messages of this round that were read and not seen to.
    let burst: UnsafeMutablePointer<ReadMessage>
    var burstCount = 0
    /// What the round read and sent, added to the metrics at its end.
    var messagesRead = 0
    var bytesRead = 0
    var bytesSent = 0
    private let lingerNanoseconds: UInt64
    let busyPollNanoseconds: UInt64

    var addresses: [String] { socket.addresses }

    init(
        settings: TransportSettings,
        roster: ModelRoster,
        pool: AnswerPool,
        metrics: LaneMetrics,
        control: @escaping RouterLane.ControlHandler,
        bell: Bell
    ) throws(TransportFailure) {
        socket = try RouterSocket(settings)
        deck = FlightDeck(capacity: settings.maximumInFlight, bell: bell)
        admission = Admission(
            roster: roster,
            pool: pool,
            deck: deck,
            maximumWaitMilliseconds: settings.maximumWaitMilliseconds
        )
        slots = MessageSlots(capacity: settings.maximumInFlight)
        self.metrics = metrics
        self.control = control
        outcomes = Mailbox(capacity: Self.maximumControl, bell: bell)
        self.bell = bell
        lingerNanoseconds = UInt64(settings.lingerMilliseconds) * 1_000_000
        busyPollNanoseconds = UInt64(settings.busyPollMicroseconds) * 1000
        unsafe outgoing = .allocate(capacity: Self.replyFrames)
        unsafe burst = .allocate(capacity: Self.maximumBurst)
        unsafe lentFrames = .allocate(capacity: RequestDecoder.maximumFrames)
        unsafe request = .allocate(capacity: 1)
        unsafe request.initialize(to: ScoreRequest())
        unsafe memo = .allocate(capacity: 1)
        unsafe memo.initialize(to: HeaderMemo())
        unsafe backlogs = .allocate(capacity: 1)
        unsafe backlogs.initialize(
            to: Backlogs(
                clientBytes: settings.clientBacklogBytes,
                totalBytes: settings.totalBacklogBytes
            )
        )
    }

    deinit {
        unsafe outgoing.deallocate()
        unsafe lentFrames.deallocate()
        unsafe burst.deallocate()
        unsafe request.deinitialize(count: 1)
        unsafe request.deallocate()
        unsafe memo.deinitialize(count: 1)
        unsafe memo.deallocate()
        unsafe backlogs.deinitialize(count: 1)
        unsafe backlogs.deallocate()
    }

    /// Runs until asked to stop and nothing is held any more.
    func loop(heartbeat: borrowing Atomic<UInt64>, stopping: borrowing Atomic<Bool>) {
        var isIdle = false
        var drained = UInt64.max
        while true {
            // Nothing but the socket can bring work: one system call waits for it and takes it.
            let waits =
                unsafe deck.inFlight == 0 && controlRunning == 0 && !backlogs.pointee.hasReplies
                && !stopping.load(ordering: .acquiring)
            let received = readBurst(waits: waits)
            let now = roundStart
            heartbeat.store(now, ordering: .relaxed)
            let worked = finishRound(received: received)
            if waits { continue }
            if stopping.load(ordering: .acquiring), deck.inFlight == 0, controlRunning == 0 {
                // What still comes is refused, for a while; clients that do not read have the linger
                // time, as libzmq's own queue has.
                if drained == .max { drained = now }
                let isQuiet = received == 0 || now - drained >= Self.farewellNanoseconds
                if isQuiet,
                    unsafe !backlogs.pointee.hasReplies || now - drained >= lingerNanoseconds
                {
                    break
                }
            }
            if received > 0 || worked {
                if isIdle { bell.stayAwake() }
                isIdle = false
                continue
            }
            // Look once more after the bell is set: what comes later rings it.
            guard isIdle else {
                bell.prepareToSleep()
                isIdle = true
                continue
            }
            isIdle = false
            bell.sleep(or: socket.descriptor, nanoseconds: sleepTime(now))
        }
        unsafe backlogs.pointee.removeAll()
        socket.close()
    }

    /// Sees to what was read and sends what is done; true when a reply was.
    func finishRound(received: Int) -> Bool {
        admission.refresh()
        takeBurst()
        if admission.hasWaiting { dispatch() }
        let worked = sendReplies(now: roundStart)
        if unsafe backlogs.pointee.hasReplies { flushBacklogs() }
        if received > 0 || worked { countRound() }
        lastWork = MonotonicClock.now()
        return worked
    }

    /// Runs or queues what this round admitted.
    private func dispatch() {
        modelsEnd = 0
        unsafe admission.dispatch(now: MonotonicClock.now()) { flight in
            if self.modelsEnd == 0 { self.modelsEnd = MonotonicClock.now() }
            unsafe self.conclude(flight, now: self.modelsEnd)
        } again: { flight in
            let slot = unsafe flight.pointee.slot
            if unsafe !self.take(slot, flight) {
                self.slots.close(slot)
                unsafe self.deck.putBack(flight)
            }
        }
    }

    private func countRound() {
        metrics.messages.addAlone(messagesRead)
        metrics.bytesIn.addAlone(bytesRead)
        metrics.bytesOut.addAlone(bytesSent)
        metrics.inFlight.set(Double(deck.inFlight))
        (messagesRead, bytesRead, bytesSent) = (0, 0, 0)
    }

    private func sleepTime(_ now: UInt64) -> Int64 {
        var time = Self.sleepNanoseconds
        if let deadline = deck.soonestDeadline {
            time = min(time, Int64(clamping: deadline > now ? deadline - now : 0))
        }
        if unsafe backlogs.pointee.hasReplies { time = min(time, Int64(Backlogs.retryNanoseconds)) }
        return time
    }

    func startControl(_ slot: Int, _ asked: ControlRequest) throws(Refusal) {
        guard controlRunning < Self.maximumControl else {
            throw Refusal(
                .overloaded,
                "\(controlRunning) control requests run, allowed are \(Self.maximumControl)",
                retryAfterMicroseconds: 10_000
            )
        }
        controlRunning += 1
        // What the control plane tells includes the request that asks.
        countRound()
        let identity = unsafe Self.bytes(slots.message(slot, 0))
        let envelope = unsafe slots.envelope(slot).pointee
        let outcomes = outcomes
        let control = control
        Task {
            let reply = await control(asked)
            // There is room: no more run than the mailbox holds.
            _ = outcomes.put(
                ControlOutcome(
                    identity: identity,
                    hasDelimiter: envelope.hasDelimiter,
                    id: envelope.id,
                    reply: reply
                )
            )
        }
    }

    /// Throws a request of a discarded client away and leaves it a refusal to read.
    func discard(_ slot: Int) {
        metrics.discarded.add(1)
        let identity = unsafe Self.bytes(slots.message(slot, 0))
        unsafe slots.envelope(slot).pointee.id =
            unsafe slots.envelope(slot).pointee.frameCount >= 2
            ? RequestDecoder.peekId(Self.frame(slots.message(slot, 1))) : 0
        var encoder = ReplyEncoder(arena: replyArena)
        let draft = unsafe encoder.refusal(
            Refusal(.overloaded, "replies are not read: requests are discarded until they are"),
            id: slots.envelope(slot).pointee.id
        )
        let count = prepare(slot, draft)
        unsafe backlogs.pointee.setProbe(
            OutgoingReply(moving: outgoing, count: count),
            for: identity
        )
        slots.close(slot)
    }

    static func frame(_ message: UnsafeMutablePointer<zmq_msg_t>) -> LentFrame {
        unsafe LentFrame(
            base: UnsafeRawPointer(zmq_msg_data(message)),
            count: zmq_msg_size(message)
        )
    }

    static func bytes(_ message: UnsafeMutablePointer<zmq_msg_t>) -> [UInt8] {
        let frame = unsafe frame(message)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: frame.base, count: frame.count))
    }
}
