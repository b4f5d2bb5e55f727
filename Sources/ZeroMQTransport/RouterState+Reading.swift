internal import CZeroMQ
internal import Glibc
internal import Lanes
internal import Messages
internal import Serving
internal import Tensors
internal import Wire

/// A message that was read and not seen to.
@safe
struct ReadMessage {
    let slot: Int
    /// nil when all flights are held: then the slot is the spare one.
    let flight: FlightPointer?
}

extension RouterState {
    /// Reads what has come, up to a burst; `waits`: for the first message, as long as the socket's
    /// own limit.
    ///
    /// All are read before the first is seen to, so that their bytes, which another thread wrote,
    /// are on their way into this core's cache meanwhile.
    func readBurst(waits: Bool) -> Int {
        burstCount = 0
        if waits {
            let isRead = pollBusily() || readNext(flags: 0)
            roundStart = MonotonicClock.now()
            guard isRead else { return 0 }
        } else {
            roundStart = MonotonicClock.now()
        }
        while burstCount < Self.maximumBurst, readNext(flags: ZMQ_DONTWAIT) {}
        return burstCount
    }

    /// Looks for a message for as long as the settings say, without sleeping.
    private func pollBusily() -> Bool {
        guard busyPollNanoseconds > 0 else { return false }
        let end = lastWork &+ busyPollNanoseconds
        repeat {
            if readNext(flags: ZMQ_DONTWAIT) { return true }
        } while MonotonicClock.now() < end
        return false
    }

    /// Sees to what was read.
    func takeBurst() {
        for index in 0..<burstCount {
            let message = unsafe burst[index]
            let slot = message.slot
            if unsafe !backlogs.pointee.isEmpty,
                unsafe backlogs.pointee.isDiscarded(Self.bytes(slots.message(slot, 0)))
            {
                discard(slot)
            } else if unsafe take(slot, message.flight) {
                continue
            } else {
                slots.close(slot)
            }
            if let flight = unsafe message.flight { unsafe deck.putBack(flight) }
        }
    }

    /// Reads one message; false when there is none, or when no further one may be read before
    /// those that were are seen to.
    private func readNext(flags: Int32) -> Bool {
        let flight = unsafe deck.claim()
        // The spare slot holds one message.
        if unsafe flight == nil, burstCount > 0 { return false }
        let slot = unsafe flight.map { unsafe $0.pointee.slot } ?? slots.spare
        guard read(slot, flags: flags) else {
            if let flight = unsafe flight { unsafe deck.putBack(flight) }
            return false
        }
        if unsafe slots.envelope(slot).pointee.frameCount > 1 {
            unsafe CacheLine.fetch(zmq_msg_data(slots.message(slot, 1)))
        }
        if unsafe slots.envelope(slot).pointee.frameCount > 2 {
            unsafe CacheLine.fetch(zmq_msg_data(slots.message(slot, 2)))
        }
        unsafe burst[burstCount] = ReadMessage(slot: slot, flight: flight)
        burstCount += 1
        messagesRead += 1
        return true
    }

    /// Reads the frames of one message into a slot.
    ///
    /// Frames past the limit are counted and dropped.
    private func read(_ slot: Int, flags: Int32) -> Bool {
        let envelope = unsafe slots.envelope(slot)
        unsafe envelope.pointee.frameCount = 0
        unsafe envelope.pointee.droppedFrames = 0
        unsafe envelope.pointee.hasDelimiter = false
        unsafe envelope.pointee.isFramed = false
        let identity = unsafe slots.message(slot, 0)
        unsafe zmq_msg_init(identity)
        guard unsafe zmq_msg_recv(identity, socket.socket, flags) >= 0 else {
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
            var count = unsafe zmq_msg_recv(place, socket.socket, 0)
            while count < 0 {
                if zmq_errno() != EINTR {
                    unsafe zmq_msg_close(place)
                    return true
                }
                count = unsafe zmq_msg_recv(place, socket.socket, 0)
            }
            bytes += Int(count)
            if index == 1, count == 0, unsafe zmq_msg_more(place) != 0,
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

    /// Remembers a request that was admitted.
    private func remember(_ flight: FlightPointer, _ header: LentFrame, _ frame: LentFrame?) {
        guard unsafe memo.pointee.keep(header, frame: frame, as: request.pointee),
            unsafe !admission.remember(flight, bytes: request.pointee.inputs[0].byteCount)
        else { return }
        unsafe memo.pointee.forget()
    }

    /// Decodes and admits.
    ///
    /// True when the flight holds the slot from now on.
    func take(_ slot: Int, _ flight: FlightPointer?) -> Bool {
        let envelope = unsafe slots.envelope(slot)
        guard unsafe envelope.pointee.frameCount >= 2 else {
            refuse(slot, Refusal(.invalid, "the message has no header frame", field: "header"))
            return false
        }
        let header = unsafe Self.frame(slots.message(slot, 1))
        let frameCount = unsafe envelope.pointee.frameCount - 2
        guard unsafe envelope.pointee.droppedFrames == 0 else {
            unsafe envelope.pointee.id = RequestDecoder.peekId(header)
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
        let only = unsafe frameCount == 1 ? Self.frame(slots.message(slot, 2)) : nil
        if frameCount <= 1, let flight = unsafe flight,
            let same = unsafe memo.pointee.match(header, frame: only),
            unsafe admission.admitAgain(flight, from: same.base, arrival: roundStart)
        {
            unsafe envelope.pointee.id = same.id
            unsafe envelope.pointee.isFramed = memo.pointee.isFramed
            return true
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
                if frameCount <= 1 { unsafe remember(flight, header, only) }
                return true
            }
        } catch {
            unsafe envelope.pointee.id = RequestDecoder.peekId(header)
            refuse(slot, error)
            return false
        }
    }
}
