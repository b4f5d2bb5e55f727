internal import Telemetry
internal import CZeroMQ
internal import Glibc
internal import Lanes
public import Messages
public import Serving
internal import Synchronization
internal import Tensors
internal import Wire

/// The thread that owns the ROUTER socket: reads requests, admits them, sends replies, and
/// answers deadlines when they pass.
///
/// It never waits for a worker or a client, and it never stops reading: what cannot be
/// admitted is refused, what a client does not take is kept within a bound.
public final class RouterLane: Sendable {
    /// Answers control requests; called on the cooperative pool.
    public typealias ControlHandler = @Sendable (ControlRequest) async -> ControlReply

    /// Addresses that are bound, ports resolved.
    public let addresses: [String]
    /// When the lane last went round its loop, nanoseconds of the monotonic clock.
    private let heartbeat = Atomic<UInt64>(0)
    private let stopping = Atomic<Bool>(false)
    private let bell: Bell
    private let thread: Mutex<LaneThread?>

    /// A loop that takes longer than this is stuck: it sleeps less.
    public static let stuckNanoseconds: UInt64 = 2_000_000_000

    /// Binds the endpoints and starts the lane.
    public init(
        settings: TransportSettings,
        roster: ModelRoster,
        pool: AnswerPool,
        metrics: LaneMetrics,
        control: @escaping ControlHandler
    ) throws(TransportFailure) {
        let bell = Bell()
        let state = try RouterState(
            settings: settings,
            roster: roster,
            pool: pool,
            metrics: metrics,
            control: control,
            bell: bell
        )
        self.bell = bell
        addresses = state.addresses
        thread = Mutex(nil)
        heartbeat.store(MonotonicClock.now(), ordering: .relaxed)
        let box = RouterBox(state: state)
        let started = LaneThread(name: "router") { [self] in
            box.state.loop(heartbeat: heartbeat, stopping: stopping)
        }
        thread.withLock { $0 = started }
    }

    /// Whether the lane has not gone round for too long.
    public func isStuck(now: UInt64) -> Bool {
        let last = heartbeat.load(ordering: .relaxed)
        return now > last && now - last > Self.stuckNanoseconds
    }

    /// Ends the lane once what was admitted is answered.
    ///
    /// The roster must drain before, so that nothing new is admitted. Blocks until the socket is
    /// closed.
    public func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }
}

/// Carries the lane's state to its thread.
private final class RouterBox: @unchecked Sendable {
    // Safe because only the lane's thread touches it once it runs.
    let state: RouterState

    init(state: RouterState) {
        self.state = state
    }
}

/// A control request's answer on its way back to the lane.
private struct ControlOutcome: Sendable {
    let identity: [UInt8]
    let hasDelimiter: Bool
    let id: UInt64
    let reply: ControlReply
}

/// What the lane owns.
@safe
private final class RouterState {
    /// Messages read before replies are looked at again.
    private static let burst = 64
    /// Longest sleep: then the heartbeat moves.
    private static let sleepNanoseconds: Int64 = 500_000_000
    /// Control requests that are worked on at once.
    private static let maximumControl = 32
    /// Sections up to this size are copied into a frame; larger ones are lent.
    private static let lendBytes = 1024
    private static let replyFrames = 3 + AnswerLayout.maximumSections

    private let socket: RouterSocket
    private let deck: FlightDeck
    private let admission: Admission
    private let roster: ModelRoster
    private let slots: MessageSlots
    private let metrics: LaneMetrics
    private let control: RouterLane.ControlHandler
    private let outcomes: Mailbox<ControlOutcome>
    private let bell: Bell
    private let replyArena = Arena()
    private let outgoing: UnsafeMutablePointer<zmq_msg_t>
    private let lentFrames: UnsafeMutablePointer<LentFrame>
    private var backlogs: Backlogs
    private var request = ScoreRequest()
    private var controlRunning = 0
    private let lingerNanoseconds: UInt64

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
        self.roster = roster
        slots = MessageSlots(capacity: settings.maximumInFlight)
        self.metrics = metrics
        self.control = control
        outcomes = Mailbox(capacity: Self.maximumControl, bell: bell)
        self.bell = bell
        lingerNanoseconds = UInt64(settings.lingerMilliseconds) * 1_000_000
        unsafe outgoing = .allocate(capacity: Self.replyFrames)
        unsafe lentFrames = .allocate(capacity: RequestDecoder.maximumFrames)
        backlogs = Backlogs(
            clientBytes: settings.clientBacklogBytes,
            totalBytes: settings.totalBacklogBytes
        )
    }

    deinit {
        unsafe outgoing.deallocate()
        unsafe lentFrames.deallocate()
    }

    /// Runs until asked to stop and nothing is held any more.
    func loop(heartbeat: borrowing Atomic<UInt64>, stopping: borrowing Atomic<Bool>) {
        var isIdle = false
        var end = UInt64.max
        while true {
            let now = MonotonicClock.now()
            heartbeat.store(now, ordering: .relaxed)
            var received = 0
            while received < Self.burst, receive() { received += 1 }
            let worked = sendReplies()
            if !backlogs.isEmpty { flushBacklogs() }
            metrics.inFlight.set(Double(deck.inFlight))
            if received > 0 || worked {
                if isIdle { bell.stayAwake() }
                isIdle = false
                continue
            }
            if stopping.load(ordering: .acquiring), deck.inFlight == 0, controlRunning == 0 {
                // Clients that do not read have the linger time, as libzmq's own queue has.
                if end == .max { end = now + lingerNanoseconds }
                if backlogs.isEmpty || now >= end { break }
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
        backlogs.removeAll()
        socket.close()
    }

    private func sleepTime(_ now: UInt64) -> Int64 {
        var time = Self.sleepNanoseconds
        if let deadline = deck.soonestDeadline {
            time = min(time, Int64(clamping: deadline > now ? deadline - now : 0))
        }
        if !backlogs.isEmpty { time = min(time, Int64(Backlogs.retryNanoseconds)) }
        return time
    }

    // MARK: Reading

    /// Reads one message and sees to it; false when there is none.
    private func receive() -> Bool {
        let flight = unsafe deck.claim()
        let slot = unsafe flight.map { unsafe $0.pointee.slot } ?? slots.spare
        guard read(slot) else {
            if let flight = unsafe flight { unsafe deck.release(flight) }
            return false
        }
        metrics.messages.add(1)
        let identity = unsafe slots.message(slot, 0)
        if !backlogs.isEmpty, unsafe backlogs.isDiscarded(Self.bytes(identity)) {
            discard(slot)
            if let flight = unsafe flight { unsafe deck.release(flight) }
            return true
        }
        let isHeld = unsafe take(slot, flight)
        if !isHeld {
            slots.close(slot)
            if let flight = unsafe flight { unsafe deck.release(flight) }
        }
        return true
    }

    /// Reads the frames of one message into a slot.
    ///
    /// Frames past the limit are dropped; the decoder then finds them missing.
    private func read(_ slot: Int) -> Bool {
        let envelope = unsafe slots.envelope(slot)
        unsafe envelope.pointee.frameCount = 0
        unsafe envelope.pointee.hasDelimiter = false
        unsafe envelope.pointee.isFramed = false
        let identity = unsafe slots.message(slot, 0)
        unsafe zmq_msg_init(identity)
        guard unsafe zmq_msg_recv(identity, socket.socket, ZMQ_DONTWAIT) >= 0 else {
            unsafe zmq_msg_close(identity)
            return false
        }
        unsafe envelope.pointee.frameCount = 1
        var last = unsafe identity
        var bytes = 0
        while unsafe zmq_msg_more(last) != 0 {
            let index = unsafe envelope.pointee.frameCount
            let place =
                unsafe index < MessageSlots.framesPerSlot ? slots.message(slot, index) : outgoing
            unsafe zmq_msg_init(place)
            // The rest of a message is there once its first frame is.
            while unsafe zmq_msg_recv(place, socket.socket, 0) < 0 {
                if zmq_errno() == EINTR { continue }
                unsafe zmq_msg_close(place)
                return true
            }
            unsafe bytes += zmq_msg_size(place)
            if index == 1, unsafe zmq_msg_size(place) == 0, unsafe zmq_msg_more(place) != 0,
                unsafe !envelope.pointee.hasDelimiter
            {
                unsafe envelope.pointee.hasDelimiter = true
                unsafe last = unsafe place
                // `more` is read from the frame before it is closed by the next turn.
                continue
            }
            if unsafe place == outgoing {
                let more = unsafe zmq_msg_more(place) != 0
                unsafe zmq_msg_close(place)
                if !more { break }
                unsafe last = unsafe identity
                continue
            }
            unsafe envelope.pointee.frameCount += 1
            unsafe last = unsafe place
        }
        metrics.bytesIn.add(bytes)
        return true
    }

    /// Decodes and admits.
    ///
    /// True when the flight holds the slot from now on.
    private func take(_ slot: Int, _ flight: FlightPointer?) -> Bool {
        let envelope = unsafe slots.envelope(slot)
        guard unsafe envelope.pointee.frameCount >= 2 else {
            refuse(slot, Refusal(.invalid, "the message has no header frame", field: "header"))
            return false
        }
        let header = unsafe Self.frame(slots.message(slot, 1))
        unsafe envelope.pointee.id = RequestDecoder.peekId(header)
        let frameCount = unsafe envelope.pointee.frameCount - 2
        for index in 0..<frameCount {
            unsafe lentFrames[index] = unsafe Self.frame(slots.message(slot, index + 2))
        }
        do throws(Refusal) {
            let decoded = unsafe try RequestDecoder.decode(
                header,
                frames: UnsafeBufferPointer(start: lentFrames, count: frameCount),
                arena: slots.arena(slot),
                into: &request
            )
            unsafe envelope.pointee.id = decoded.id
            switch decoded.kind {
            case .control(let asked):
                try startControl(slot, asked)
                return false
            case .score:
                for index in 0..<request.inputCount where request.inputs[index].isFramed {
                    unsafe envelope.pointee.isFramed = true
                }
                guard let flight = unsafe flight else {
                    throw Refusal(
                        .overloaded,
                        "\(deck.capacity) requests are held, allowed are \(deck.capacity)",
                        retryAfterMicroseconds: 1000
                    )
                }
                unsafe try admission.admit(request, into: flight, arrival: MonotonicClock.now())
                return true
            }
        } catch {
            refuse(slot, error)
            return false
        }
    }

    private func startControl(_ slot: Int, _ asked: ControlRequest) throws(Refusal) {
        guard controlRunning < Self.maximumControl else {
            throw Refusal(
                .overloaded,
                "\(controlRunning) control requests run, allowed are \(Self.maximumControl)",
                retryAfterMicroseconds: 10_000
            )
        }
        controlRunning += 1
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
    private func discard(_ slot: Int) {
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
        unsafe backlogs.setProbe(OutgoingReply(moving: outgoing, count: count), for: identity)
        slots.close(slot)
    }

    // MARK: Answering

    /// Sends what is complete, expired or answered by the control plane; false for nothing.
    private func sendReplies() -> Bool {
        var worked = false
        if deck.hasCompleted {
            worked = true
            unsafe deck.takeCompleted { flight in
                if unsafe !flight.pointee.isAnswered { unsafe self.answer(flight) }
                unsafe self.release(flight)
            }
        }
        if let deadline = deck.soonestDeadline, deadline <= MonotonicClock.now() {
            worked = true
            unsafe deck.expire(now: MonotonicClock.now()) { flight, refusal, isFree in
                unsafe self.refuse(flight.pointee.slot, refusal)
                if isFree { unsafe self.release(flight) }
            }
        }
        if controlRunning > 0 {
            for outcome in outcomes.takeAll() {
                worked = true
                controlRunning -= 1
                send(outcome)
            }
        }
        return worked
    }

    /// Gives a flight and its frames back.
    private func release(_ flight: FlightPointer) {
        unsafe slots.close(flight.pointee.slot)
        unsafe deck.release(flight)
    }

    private func answer(_ flight: FlightPointer) {
        let slot = unsafe flight.pointee.slot
        if let refusal = unsafe flight.pointee.refusal {
            refuse(slot, refusal)
            return
        }
        guard let layout = unsafe flight.pointee.layout, let base = unsafe flight.pointee.answer
        else {
            preconditionFailure("a completed flight has an answer or a refusal")
        }
        let isFramed = unsafe slots.envelope(slot).pointee.isFramed
        var encoder = ReplyEncoder(arena: replyArena)
        let draft = unsafe encoder.answer(
            ReplyEncoder.Answer(
                layout: layout,
                rows: flight.pointee.rows,
                base: base,
                offsets: flight.pointee.offsets,
                flaggedOutputs: flight.pointee.flaggedOutputs,
                coverage: flight.pointee.coverage,
                queueNanoseconds: flight.pointee.queueNanoseconds,
                computeNanoseconds: flight.pointee.computeNanoseconds,
                batch: flight.pointee.largestBatch
            ),
            id: slots.envelope(slot).pointee.id,
            isFramed: isFramed
        )
        var count = prepare(slot, draft)
        count = unsafe append(encoder, flight, layout, base, at: count)
        unsafe admission.record(flight, now: MonotonicClock.now())
        ship(count)
    }

    /// Puts the sections of a framed answer behind the header; large ones are lent.
    private func append(
        _ encoder: ReplyEncoder,
        _ flight: FlightPointer,
        _ layout: AnswerLayout,
        _ base: UnsafeMutableRawPointer,
        at start: Int
    ) -> Int {
        let rows = unsafe flight.pointee.rows
        var lent = 0
        for index in 0..<encoder.frameCount
        where layout.sections[encoder.frames[index]].strideBytes * rows > Self.lendBytes {
            lent += 1
        }
        // One reader more: the flight itself, which gives the block back when it is released.
        let block = unsafe lent > 0 ? deck.takeAnswer(flight, readers: lent + 1) : nil
        for index in 0..<encoder.frameCount {
            let section = encoder.frames[index]
            let bytes = layout.sections[section].strideBytes * rows
            let source = unsafe base + flight.pointee.offsets[section]
            let message = unsafe outgoing + start + index
            if bytes > Self.lendBytes {
                unsafe zmq_msg_init_data(message, source, bytes, giveBackBlock, base)
            } else {
                unsafe zmq_msg_init_size(message, bytes)
                unsafe zmq_msg_data(message).copyMemory(from: source, byteCount: bytes)
            }
        }
        if let block = unsafe block { unsafe AnswerPool.giveBack(block) }
        return start + encoder.frameCount
    }

    private func refuse(_ slot: Int, _ refusal: Refusal) {
        metrics.refusals[Int(refusal.code.rawValue)].add(1)
        var encoder = ReplyEncoder(arena: replyArena)
        let draft = unsafe encoder.refusal(refusal, id: slots.envelope(slot).pointee.id)
        ship(prepare(slot, draft))
    }

    private func send(_ outcome: ControlOutcome) {
        if case .refusal(let refusal) = outcome.reply {
            metrics.refusals[Int(refusal.code.rawValue)].add(1)
        }
        var encoder = ReplyEncoder(arena: replyArena)
        let draft = encoder.control(outcome.reply, id: outcome.id)
        unsafe zmq_msg_init_size(outgoing, outcome.identity.count)
        unsafe outcome.identity.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress {
                unsafe zmq_msg_data(outgoing).copyMemory(from: base, byteCount: bytes.count)
            }
        }
        ship(prepareHeader(draft, hasDelimiter: outcome.hasDelimiter))
    }

    /// Identity, delimiter and header of a reply in `outgoing`; returns the frames used.
    ///
    /// The identity is copied: a flight that still runs keeps its own.
    private func prepare(_ slot: Int, _ draft: ReplyEncoder.Draft) -> Int {
        unsafe zmq_msg_init(outgoing)
        unsafe zmq_msg_copy(outgoing, slots.message(slot, 0))
        return unsafe prepareHeader(draft, hasDelimiter: slots.envelope(slot).pointee.hasDelimiter)
    }

    private func prepareHeader(_ draft: ReplyEncoder.Draft, hasDelimiter: Bool) -> Int {
        var count = 1
        if hasDelimiter {
            unsafe zmq_msg_init(outgoing + count)
            count += 1
        }
        unsafe zmq_msg_init_size(outgoing + count, draft.byteCount)
        unsafe draft.pack(into: zmq_msg_data(outgoing + count))
        return count + 1
    }

    /// Sends `outgoing`, or keeps it for a client that does not read.
    private func ship(_ count: Int) {
        for index in 1..<count { unsafe metrics.bytesOut.add(zmq_msg_size(outgoing + index)) }
        if !backlogs.isEmpty, unsafe backlogs.isWaiting(Self.bytes(outgoing)) {
            keep(count)
            return
        }
        switch unsafe SendOutcome.send(outgoing, count: count, on: socket.socket) {
        case .sent:
            break
        case .full:
            keep(count)
        case .gone:
            metrics.unroutable.add(1)
            for index in 0..<count { unsafe zmq_msg_close(outgoing + index) }
        }
    }

    private func keep(_ count: Int) {
        let identity = unsafe Self.bytes(outgoing)
        let reply = unsafe OutgoingReply(moving: outgoing, count: count)
        if !backlogs.keep(reply, for: identity) { metrics.discarded.add(1) }
        metrics.backlogBytes.set(Double(backlogs.bytes))
        metrics.discardedClients.set(Double(backlogs.discardedClients))
    }

    private func flushBacklogs() {
        let lost = unsafe backlogs.flush(on: socket.socket)
        if lost > 0 { metrics.unroutable.add(lost) }
        metrics.backlogBytes.set(Double(backlogs.bytes))
    }

    private static func frame(_ message: UnsafeMutablePointer<zmq_msg_t>) -> LentFrame {
        unsafe LentFrame(
            base: UnsafeRawPointer(zmq_msg_data(message)),
            count: zmq_msg_size(message)
        )
    }

    private static func bytes(_ message: UnsafeMutablePointer<zmq_msg_t>) -> [UInt8] {
        let frame = unsafe frame(message)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: frame.base, count: frame.count))
    }
}

/// Called by libzmq when a lent section has left, on whichever thread sent it.
@c
private func giveBackBlock(_ data: UnsafeMutableRawPointer?, _ block: UnsafeMutableRawPointer?) {
    if let block = unsafe block { unsafe AnswerPool.giveBack(block) }
}
