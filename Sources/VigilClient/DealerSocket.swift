internal import CZeroMQ
internal import Glibc
internal import Wire

/// A DEALER socket to one daemon, and what libzmq tells of its connection.
///
/// One thread.
@safe
final class DealerSocket {
    let socket: UnsafeMutableRawPointer
    private let monitor: UnsafeMutableRawPointer?
    private var frames: [LentFrame] = []
    private let received: UnsafeMutablePointer<zmq_msg_t>
    private static let maximumFrames = 64

    init(
        context: UnsafeMutableRawPointer,
        endpoint: String,
        number: Int
    ) throws(ClientError) {
        guard let socket = unsafe zmq_socket(context, ZMQ_DEALER) else {
            throw Self.failure("zmq_socket")
        }
        unsafe self.socket = unsafe socket
        unsafe Self.set(socket, ZMQ_LINGER, 0)
        unsafe Self.set(socket, ZMQ_SNDHWM, 100_000)
        unsafe Self.set(socket, ZMQ_RCVHWM, 100_000)
        unsafe Self.set(socket, ZMQ_IPV6, 1)
        // Requests go to connections that stand; others wait here, where they can be retried.
        unsafe Self.set(socket, ZMQ_IMMEDIATE, 1)
        unsafe Self.set(socket, ZMQ_RECONNECT_IVL, 20)
        unsafe Self.set(socket, ZMQ_RECONNECT_IVL_MAX, 1000)
        let address = "inproc://vigil-monitor-\(number)"
        unsafe zmq_socket_monitor(socket, address, ZMQ_EVENT_DISCONNECTED)
        unsafe monitor = unsafe zmq_socket(context, ZMQ_PAIR)
        if let monitor = unsafe monitor {
            unsafe Self.set(monitor, ZMQ_LINGER, 0)
            unsafe zmq_connect(monitor, address)
        }
        unsafe received = .allocate(capacity: Self.maximumFrames)
        guard unsafe zmq_connect(socket, endpoint) == 0 else {
            let failure = Self.failure("endpoint \(endpoint)")
            close()
            throw failure
        }
    }

    deinit {
        unsafe received.deallocate()
    }

    /// Closes the sockets.
    func close() {
        unsafe zmq_socket_monitor(socket, nil, 0)
        if let monitor = unsafe monitor { unsafe zmq_close(monitor) }
        unsafe zmq_close(socket)
    }

    /// What a poll looks at: the socket and its monitor.
    var pollItems: [zmq_pollitem_t] {
        unsafe [socket, monitor].compactMap { socket in
            guard let socket = unsafe socket else { return nil }
            return unsafe zmq_pollitem_t(
                socket: socket,
                fd: 0,
                events: Int16(ZMQ_POLLIN),
                revents: 0
            )
        }
    }

    /// Sends a request; false while there is no connection or its queue is full.
    func send(_ request: EncodedRequest) -> Bool {
        let count = request.frames.count
        guard sendFrame(request.header, hasMore: count > 0) else { return false }
        for (index, frame) in request.frames.enumerated() {
            // The peer takes the whole message once it took the first frame.
            _ = sendFrame(frame, hasMore: index < count - 1)
        }
        return true
    }

    private func sendFrame(_ bytes: [UInt8], hasMore: Bool) -> Bool {
        let flags = ZMQ_DONTWAIT | (hasMore ? ZMQ_SNDMORE : 0)
        while true {
            if unsafe zmq_send(socket, bytes, bytes.count, flags) >= 0 { return true }
            if zmq_errno() != EINTR { return false }
        }
    }

    /// Takes the next reply, lent for the time of `body`; false when there is none.
    func receive(
        _ body: (LentFrame, UnsafeBufferPointer<LentFrame>) -> Void
    ) -> Bool {
        unsafe zmq_msg_init(received)
        guard unsafe zmq_msg_recv(received, socket, ZMQ_DONTWAIT) >= 0 else {
            unsafe zmq_msg_close(received)
            return false
        }
        var count = 1
        while unsafe zmq_msg_more(received + count - 1) != 0, count < Self.maximumFrames {
            unsafe zmq_msg_init(received + count)
            unsafe zmq_msg_recv(received + count, socket, 0)
            count += 1
        }
        frames.removeAll(keepingCapacity: true)
        for index in 0..<count {
            unsafe frames.append(
                LentFrame(
                    base: UnsafeRawPointer(zmq_msg_data(received + index)),
                    count: zmq_msg_size(received + index)
                )
            )
        }
        unsafe frames.withUnsafeBufferPointer { all in
            unsafe body(all[0], UnsafeBufferPointer(rebasing: all[1...]))
        }
        for index in 0..<count { unsafe zmq_msg_close(received + index) }
        return true
    }

    /// Whether the connection broke since the last call.
    func takeDisconnection() -> Bool {
        guard let monitor = unsafe monitor else { return false }
        var isBroken = false
        while true {
            unsafe zmq_msg_init(received)
            guard unsafe zmq_msg_recv(received, monitor, ZMQ_DONTWAIT) >= 0 else {
                unsafe zmq_msg_close(received)
                return isBroken
            }
            isBroken = true
            while unsafe zmq_msg_more(received) != 0 {
                unsafe zmq_msg_close(received)
                unsafe zmq_msg_init(received)
                unsafe zmq_msg_recv(received, monitor, 0)
            }
            unsafe zmq_msg_close(received)
        }
    }

    private static func set(_ socket: UnsafeMutableRawPointer, _ option: Int32, _ value: Int32) {
        var value = value
        // Only an unknown option could fail, which is a bug.
        let code = unsafe zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size)
        precondition(code == 0, "zmq_setsockopt(\(option))")
    }

    static func failure(_ call: String) -> ClientError {
        .failure(
            unsafe "\(call): \(zmq_strerror(zmq_errno()).map { unsafe String(cString: $0) } ?? "failed")"
        )
    }
}
