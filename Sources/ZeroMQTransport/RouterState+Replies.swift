internal import Telemetry
internal import CZeroMQ
internal import Lanes
internal import Messages
internal import Serving
internal import Wire

extension RouterState {
    /// Sends what is complete, expired or answered by the control plane; false for nothing.
    @inline(__always)
    func sendReplies(now: UInt64) -> Bool {
        var worked = false
        if deck.hasCompleted {
            worked = true
            let now = MonotonicClock.now()
            unsafe deck.takeCompleted { flight in
                unsafe self.conclude(flight, now: now)
            }
        }
        if let deadline = deck.soonestDeadline, deadline <= now {
            worked = true
            unsafe deck.expire(now: now) { flight, refusal, isFree in
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
        unsafe admission.release(flight)
    }

    /// Answers a flight that is done, unless its deadline passed before, and gives it back.
    @inline(__always)
    func conclude(_ flight: FlightPointer, now: UInt64) {
        if unsafe !flight.pointee.isAnswered {
            if unsafe flight.pointee.isRefused || flight.pointee.isExplained {
                guard unsafe concludeUnusually(flight, now: now) else { return }
            } else {
                unsafe answer(flight, now: now)
            }
        }
        unsafe release(flight)
    }

    /// Refuses a flight, or answers it with its explanation; false when that has yet to be made, and
    /// completes the flight again.
    @inline(never)
    private func concludeUnusually(_ flight: FlightPointer, now: UInt64) -> Bool {
        if let refusal = unsafe flight.pointee.refusal {
            unsafe refuse(flight.pointee.slot, refusal)
            return true
        }
        if unsafe deck.explain(flight) { return false }
        switch unsafe deck.explanation(flight) {
        case .success(let attributions): unsafe answer(flight, attributions, now: now)
        case .failure(let refusal): unsafe refuse(flight.pointee.slot, refusal)
        case nil: preconditionFailure("an explained flight has an outcome")
        }
        return true
    }

    private func answer(_ flight: FlightPointer, now: UInt64) {
        let slot = unsafe flight.pointee.slot
        guard let layout = unsafe flight.pointee.layout, let base = unsafe flight.pointee.answer
        else {
            preconditionFailure("a completed flight has an answer or a refusal")
        }
        let envelope = unsafe slots.envelope(slot)
        let template = unsafe templates.find(
            layout: layout,
            rows: flight.pointee.rows,
            block: base,
            isFramed: envelope.pointee.isFramed,
            coverage: flight.pointee.coverage,
            flaggedOutputs: flight.pointee.flaggedOutputs
        )
        // Nothing runs any more that needs the flight's own copy of the identity.
        unsafe zmq_msg_init(outgoing)
        unsafe zmq_msg_move(outgoing, slots.message(slot, 0))
        var count = unsafe beginFrames(hasDelimiter: envelope.pointee.hasDelimiter)
        let id = unsafe envelope.pointee.id
        unsafe zmq_msg_init_size(outgoing + count, template.byteCount(id: id))
        unsafe template.write(
            id: id,
            queueNanoseconds: flight.pointee.queueNanoseconds,
            computeNanoseconds: flight.pointee.computeNanoseconds,
            batch: flight.pointee.largestBatch,
            into: zmq_msg_data(outgoing + count)
        )
        count += 1
        if template.frameCount > 0 { count = unsafe append(template, flight, base, at: count) }
        unsafe admission.record(flight, now: now)
        ship(count)
    }

    /// Not by a template: names and numbers of an explanation differ from reply to reply.
    private func answer(_ flight: FlightPointer, _ attributions: Attributions, now: UInt64) {
        let slot = unsafe flight.pointee.slot
        guard let layout = unsafe flight.pointee.layout, let base = unsafe flight.pointee.answer
        else {
            preconditionFailure("a completed flight has an answer or a refusal")
        }
        var offsets = AnswerLayout.SectionNumbers(repeating: 0)
        let isFramed = unsafe slots.envelope(slot).pointee.isFramed
        var encoder = ReplyEncoder(arena: replyArena)
        let draft = unsafe layout._withUnsafeGuaranteedRef { layout in
            for section in layout.sections.indices {
                offsets[section] = unsafe flight.pointee.offsets[section]
            }
            return unsafe encoder.answer(
                ReplyEncoder.Answer(
                    layout: layout,
                    rows: flight.pointee.rows,
                    base: base,
                    offsets: offsets,
                    flaggedOutputs: flight.pointee.flaggedOutputs,
                    coverage: flight.pointee.coverage,
                    queueNanoseconds: flight.pointee.queueNanoseconds,
                    computeNanoseconds: flight.pointee.computeNanoseconds,
                    batch: flight.pointee.largestBatch
                ),
                attributions: attributions,
                id: slots.envelope(slot).pointee.id,
                isFramed: isFramed
            )
        }
        var count = prepare(slot, draft)
        for index in 0..<encoder.frameCount {
            let section = encoder.frames[index]
            let bytes = unsafe layout._withUnsafeGuaranteedRef { $0.strides[section] }
            unsafe append(base + offsets[section], bytes * flight.pointee.rows, at: &count)
        }
        for numbers in encoder.attributionFrames {
            unsafe numbers.withUnsafeBytes { raw in
                unsafe append(raw.baseAddress, raw.count, at: &count)
            }
        }
        unsafe admission.record(flight, now: now)
        ship(count)
    }

    /// Puts a copied frame behind those in `outgoing`.
    private func append(_ source: UnsafeRawPointer?, _ bytes: Int, at count: inout Int) {
        unsafe zmq_msg_init_size(outgoing + count, bytes)
        if let source = unsafe source {
            unsafe zmq_msg_data(outgoing + count).copyMemory(from: source, byteCount: bytes)
        }
        count += 1
    }

    /// Puts the sections of a framed answer behind the header; large ones are lent.
    private func append(
        _ template: ReplyTemplate,
        _ flight: FlightPointer,
        _ base: UnsafeMutableRawPointer,
        at start: Int
    ) -> Int {
        var lent = 0
        for index in 0..<template.frameCount where template.frame(index).byteCount > Self.lendBytes
        {
            lent += 1
        }
        // One reader more: the flight itself, which gives the block back when it is released.
        let block = unsafe lent > 0 ? deck.takeAnswer(flight, readers: lent + 1) : nil
        for index in 0..<template.frameCount {
            let (section, bytes) = template.frame(index)
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
        return start + template.frameCount
    }

    func refuse(_ slot: Int, _ refusal: Refusal) {
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
    func prepare(_ slot: Int, _ draft: ReplyEncoder.Draft) -> Int {
        unsafe zmq_msg_init(outgoing)
        unsafe zmq_msg_copy(outgoing, slots.message(slot, 0))
        return unsafe prepareHeader(draft, hasDelimiter: slots.envelope(slot).pointee.hasDelimiter)
    }

    /// The delimiter of a REQ socket behind the identity; returns the frames used.
    private func beginFrames(hasDelimiter: Bool) -> Int {
        guard hasDelimiter else { return 1 }
        unsafe zmq_msg_init(outgoing + 1)
        return 2
    }

    private func prepareHeader(_ draft: ReplyEncoder.Draft, hasDelimiter: Bool) -> Int {
        let count = beginFrames(hasDelimiter: hasDelimiter)
        unsafe zmq_msg_init_size(outgoing + count, draft.byteCount)
        unsafe draft.pack(into: zmq_msg_data(outgoing + count))
        return count + 1
    }

    /// Sends `outgoing`, or keeps it for a client that does not read.
    private func ship(_ count: Int) {
        for index in 1..<count { unsafe bytesSent += zmq_msg_size(outgoing + index) }
        if unsafe !backlogs.pointee.isEmpty, unsafe backlogs.pointee.isWaiting(Self.bytes(outgoing))
        {
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
        let before = unsafe backlogs.pointee.discardedClients
        if unsafe !backlogs.pointee.keep(reply, for: identity) { metrics.discarded.add(1) }
        metrics.backlogBytes.set(unsafe Double(backlogs.pointee.bytes))
        unsafe metrics.discardedClients.add(backlogs.pointee.discardedClients - before)
    }

    func flushBacklogs() {
        let lost = unsafe backlogs.pointee.flush(on: socket.socket)
        if lost > 0 { metrics.unroutable.add(lost) }
        metrics.backlogBytes.set(unsafe Double(backlogs.pointee.bytes))
    }
}

/// Called by libzmq when a lent section has left, on whichever thread sent it.
@c
private func giveBackBlock(_ data: UnsafeMutableRawPointer?, _ block: UnsafeMutableRawPointer?) {
    if let block = unsafe block { unsafe AnswerPool.giveBack(block) }
}
