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
    /// Messages read before replies are looked at again.
    private static let burst = 64
    /// Longest sleep: then the heartbeat moves.
    private static let sleepNanoseconds: Int64 = 500_000_000
    /// How long refusals are sent to clients that go on asking when everything else is answered.
    private static let farewellNanoseconds: UInt64 = 200_000_000
    /// Control requests that are worked on at once.
    private static let maximumControl = 32
    /// Sections up to this size are copied into a frame; larger ones are lent.
    static let lendBytes = 1024
    private static let replyFrames = 3 + AnswerLayout.maximumSections

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
    private let lentFrames: UnsafeMutablePointer<LentFrame>
    var backlogs: Backlogs
    private let request: UnsafeMutablePointer<ScoreRequest>
    var controlRunning = 0
    /// Time that this round of the loop began: when its messages count as read.
    private var roundStart: UInt64 = 0
    /// What the round read and sent, added to the metrics at its end.
    private var messagesRead = 0
    private var bytesRead = 0
    var bytesSent = 0
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
        slots = MessageSlots(capacity: settings.maximumInFlight)
        self.metrics = metrics
        self.control = control
        outcomes = Mailbox(capacity: Self.maximumControl, bell: bell)
        self.bell = bell
        lingerNanoseconds = UInt64(settings.lingerMilliseconds) * 1_000_000
        unsafe outgoing = .allocate(capacity: Self.replyFrames)
        unsafe lentFrames = .allocate(capacity: RequestDecoder.maximumFrames)
        unsafe request = .allocate(capacity: 1)
        unsafe request.initialize(to: ScoreRequest())
        backlogs = Backlogs(
            clientBytes: settings.clientBacklogBytes,
            totalBytes: settings.totalBacklogBytes
        )
    }

    deinit {
        unsafe outgoing.deallocate()
        unsafe lentFrames.deallocate()
        unsafe request.deinitialize(count: 1)
        unsafe request.deallocate()
    }

    /// Runs until asked to stop and nothing is held any more.
    func loop(heartbeat: borrowing Atomic<UInt64>, stopping: borrowing Atomic<Bool>) {
        var isIdle = false
        var drained = UInt64.max
        while true {
            let now = MonotonicClock.now()
            roundStart = now
            heartbeat.store(now, ordering: .relaxed)
            admission.refresh()
            var received = 0
            while received < Self.burst, receive() { received += 1 }
            if admission.hasWaiting { dispatch() }
            let worked = sendReplies(now: now)
            if backlogs.hasReplies { flushBacklogs() }
            if received > 0 || worked { countRound() }
            if stopping.load(ordering: .acquiring), deck.inFlight == 0, controlRunning == 0 {
                // What still comes is refused, for a while; clients that do not read have the linger
                // time, as libzmq's own queue has.
                if drained == .max { drained = now }
                let isQuiet = received == 0 || now - drained >= Self.farewellNanoseconds
                if isQuiet, !backlogs.hasReplies || now - drained >= lingerNanoseconds { break }
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
        backlogs.removeAll()
        socket.close()
    }

    /// Runs or queues what this round admitted.
    private func dispatch() {
        let start = MonotonicClock.now()
        var end: UInt64 = 0
        unsafe admission.dispatch(now: start) { flight in
            if end == 0 { end = MonotonicClock.now() }
            unsafe self.conclude(flight, now: end)
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
        if backlogs.hasReplies { time = min(time, Int64(Backlogs.retryNanoseconds)) }
        return time
    }

    // MARK: Reading

    /// Reads one message and sees to it; false when there is none.
    private func receive() -> Bool {
        let flight = unsafe deck.claim()
        let slot = unsafe flight.map { unsafe $0.pointee.slot } ?? slots.spare
        guard read(slot) else {
            if let flight = unsafe flight { unsafe deck.putBack(flight) }
            return false
        }
        messagesRead += 1
        if !backlogs.isEmpty, unsafe backlogs.isDiscarded(Self.bytes(slots.message(slot, 0))) {
            discard(slot)
            if let flight = unsafe flight { unsafe deck.putBack(flight) }
            return true
        }
        if unsafe !take(slot, flight) {
            slots.close(slot)
            if let flight = unsafe flight { unsafe deck.putBack(flight) }
        }
        return true
    }

    /// Reads the frames of one message into a slot.
    ///
    /// Frames past the limit are counted and dropped.
    private func read(_ slot: Int) -> Bool {
        let envelope = unsafe slots.envelope(slot)
        unsafe envelope.pointee.frameCount = 0
        unsafe envelope.pointee.droppedFrames = 0
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
                unsafe envelope.pointee.droppedFrames += 1
                let more = unsafe zmq_msg_more(place) != 0
                unsafe zmq_msg_close(place)
                if !more { break }
                unsafe last = unsafe identity
                continue
            }
            unsafe envelope.pointee.frameCount += 1
            unsafe last = unsafe place
        }
        bytesRead += bytes
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
        guard unsafe envelope.pointee.droppedFrames == 0 else {
            let found = unsafe frameCount + envelope.pointee.droppedFrames
            refuse(
                slot,
                Refusal(
                    .invalid,
                    "found \(found) tensor frames, allowed are \(RequestDecoder.maximumFrames)",
                    field: "frames"
                )
            )
            return false
        }
        for index in 0..<frameCount {
            unsafe lentFrames[index] = unsafe Self.frame(slots.message(slot, index + 2))
        }
        do throws(Refusal) {
            let decoded = unsafe try RequestDecoder.decode(
                header,
                frames: UnsafeBufferPointer(start: lentFrames, count: frameCount),
                arena: slots.arena(slot),
                into: &request.pointee
            )
            unsafe envelope.pointee.id = decoded.id
            switch decoded.kind {
            case .control(let asked):
                try startControl(slot, asked)
                return false
            case .score:
                for index in unsafe 0..<request.pointee.inputCount
                where unsafe request.pointee.inputs[index].isFramed {
                    unsafe envelope.pointee.isFramed = true
                }
                guard let flight = unsafe flight else {
                    throw Refusal(
                        .overloaded,
                        "\(deck.capacity) requests are held, allowed are \(deck.capacity)",
                        retryAfterMicroseconds: 1000
                    )
                }
                do throws(Refusal) {
                    unsafe try admission.admit(request.pointee, into: flight, arrival: roundStart)
                } catch {
                    unsafe admission.reset(flight)
                    throw error
                }
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
