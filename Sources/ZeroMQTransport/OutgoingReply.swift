internal import CZeroMQ
internal import Glibc

/// A reply of several frames that waits to be sent: only where the network did not take it.
@safe
final class OutgoingReply {
    private let frames: UnsafeMutablePointer<zmq_msg_t>
    private let count: Int
    private var isSent = false
    /// Bytes of all frames.
    let byteCount: Int

    /// Takes over the frames in `source`, which are empty afterwards.
    init(moving source: UnsafeMutablePointer<zmq_msg_t>, count: Int) {
        self.count = count
        unsafe frames = .allocate(capacity: count)
        var bytes = 0
        for index in 0..<count {
            unsafe zmq_msg_init(frames + index)
            unsafe zmq_msg_move(frames + index, source + index)
            unsafe bytes += zmq_msg_size(frames + index)
        }
        byteCount = bytes
    }

    deinit {
        if !isSent { for index in 0..<count { unsafe zmq_msg_close(frames + index) } }
        unsafe frames.deallocate()
    }

    /// Sends all frames; the first one is the identity.
    func send(on socket: UnsafeMutableRawPointer) -> SendOutcome {
        let outcome = unsafe SendOutcome.send(frames, count: count, on: socket)
        if outcome == .sent { isSent = true }
        return outcome
    }
}

/// What became of a reply that was handed to libzmq.
enum SendOutcome {
    case sent
    /// The client's queue is full.
    case full
    /// The client is gone.
    case gone

    /// Sends frames, identity first.
    ///
    /// Unless sent, the frames stay with the caller.
    ///
    /// Codes of zmq_msg_send on a mandatory ROUTER: EAGAIN (queue full), EHOSTUNREACH (no
    /// such peer), EINTR. They come with the identity; the frames after it are always taken.
    static func send(
        _ frames: UnsafeMutablePointer<zmq_msg_t>,
        count: Int,
        on socket: UnsafeMutableRawPointer
    ) -> SendOutcome {
        while unsafe zmq_msg_send(frames, socket, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return .full
            default: return .gone
            }
        }
        for index in 1..<count {
            let flags = ZMQ_DONTWAIT | (index < count - 1 ? ZMQ_SNDMORE : 0)
            while unsafe zmq_msg_send(frames + index, socket, flags) < 0 {
                if zmq_errno() == EINTR { continue }
                // The peer went in the middle of its message; libzmq has dropped the rest.
                for rest in index..<count { unsafe zmq_msg_close(frames + rest) }
                return .sent
            }
        }
        return .sent
    }
}
