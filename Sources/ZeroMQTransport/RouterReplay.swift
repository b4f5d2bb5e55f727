internal import CZeroMQ
internal import Lanes
internal import Messages
package import Serving

/// The lane's loop without its thread and without a network, for whoever counts what a request
/// costs: a client in the same thread sends, rounds are gone through one by one, replies are read.
///
/// libzmq's inproc transport needs no thread of its own. One thread.
@safe
package final class RouterReplay {
    private let state: RouterState
    private let client: UnsafeMutableRawPointer
    private let frame: UnsafeMutablePointer<zmq_msg_t>

    private static let address = "inproc://replay"
    private static let frameAlignment = 64
    private static let frameOffset = 8

    /// A lane over the models of `roster`, and its client.
    package init(
        roster: ModelRoster,
        pool: AnswerPool,
        metrics: LaneMetrics
    ) throws(TransportFailure) {
        var settings = TransportSettings(endpoints: [.init(address: Self.address)])
        settings.ioThreads = 0
        state = try RouterState(
            settings: settings,
            roster: roster,
            pool: pool,
            metrics: metrics,
            control: { _ in .refusal(Refusal(.unavailable, "a replay has no control plane")) },
            bell: Bell.atStart()
        )
        guard let client = unsafe zmq_socket(state.socket.context, ZMQ_DEALER) else {
            throw TransportFailure("zmq_socket")
        }
        unsafe self.client = unsafe client
        unsafe frame = .allocate(capacity: 1)
        guard unsafe zmq_connect(client, Self.address) == 0 else {
            throw TransportFailure("zmq_connect(\(Self.address))")
        }
    }

    deinit {
        unsafe frame.deallocate()
    }

    /// Sends a request: header, then tensors.
    ///
    /// The frames are copied, always to the same place in a cache line: what the daemon does with a
    /// tensor may depend on it. As with what comes over a network, that is not the line's beginning.
    package func send(_ frames: [[UInt8]]) throws(TransportFailure) {
        for index in frames.indices {
            let count = frames[index].count
            let memory = UnsafeMutableRawPointer.allocate(
                byteCount: count + Self.frameOffset,
                alignment: Self.frameAlignment
            )
            let data = unsafe memory + Self.frameOffset
            unsafe frames[index].withUnsafeBytes { bytes in
                if let base = bytes.baseAddress {
                    unsafe data.copyMemory(from: base, byteCount: bytes.count)
                }
            }
            unsafe zmq_msg_init_data(frame, data, count, freeFrame, memory)
            let more = index < frames.count - 1 ? ZMQ_SNDMORE : 0
            guard unsafe zmq_msg_send(frame, client, ZMQ_DONTWAIT | more) >= 0 else {
                let failure = TransportFailure("zmq_msg_send")
                unsafe zmq_msg_close(frame)
                throw failure
            }
        }
    }

    /// One round of the lane's loop, which waits for nothing.
    @inline(never)
    package func step() {
        let received = state.readBurst(waits: false)
        _ = state.finishRound(received: received)
    }

    /// Takes the next reply and drops it; the bytes of its frames, or nil where there is none.
    package func receive() -> Int? {
        var total = 0
        var isLast = false
        while !isLast {
            unsafe zmq_msg_init(frame)
            guard unsafe zmq_msg_recv(frame, client, ZMQ_DONTWAIT) >= 0 else {
                unsafe zmq_msg_close(frame)
                return nil
            }
            total += unsafe zmq_msg_size(frame)
            isLast = unsafe zmq_msg_more(frame) == 0
            unsafe zmq_msg_close(frame)
        }
        return total
    }

    /// Ends both sockets and their context.
    package func close() {
        unsafe zmq_close(client)
        state.socket.close()
    }
}

/// Called by libzmq when the daemon has closed a request's frame.
@c
private func freeFrame(_ data: UnsafeMutableRawPointer?, _ memory: UnsafeMutableRawPointer?) {
    unsafe memory?.deallocate()
}
