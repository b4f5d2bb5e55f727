internal import CZeroMQ
internal import Lanes
internal import Glibc

/// A ROUTER socket and its context.
///
/// One thread; errors are converted where they occur.
@safe
final class RouterSocket {
    let context: UnsafeMutableRawPointer
    let socket: UnsafeMutableRawPointer
    /// Readable when something may have happened (edge-triggered: receive until EAGAIN first).
    let descriptor: Int32
    /// Addresses as libzmq bound them: a port 0 is resolved.
    private(set) var addresses: [String] = []

    private static let backlog: Int32 = 1024
    /// How long a receive waits that may wait: so long a lane that has nothing to do takes to
    /// notice that it should end.
    private static let waitMilliseconds: Int32 = 100

    init(_ settings: TransportSettings) throws(TransportFailure) {
        guard let context = unsafe zmq_ctx_new() else { throw TransportFailure("zmq_ctx_new") }
        unsafe self.context = unsafe context
        unsafe zmq_ctx_set(context, ZMQ_IO_THREADS, Int32(settings.ioThreads))
        unsafe zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 16)
        guard let socket = unsafe zmq_socket(context, ZMQ_ROUTER) else {
            let failure = TransportFailure("zmq_socket")
            unsafe zmq_ctx_term(context)
            throw failure
        }
        unsafe self.socket = unsafe socket
        do throws(TransportFailure) {
            unsafe try Self.set(socket, ZMQ_ROUTER_MANDATORY, 1)
            unsafe try Self.set(socket, ZMQ_SNDHWM, Int32(settings.highWaterMark))
            unsafe try Self.set(socket, ZMQ_RCVHWM, Int32(settings.highWaterMark))
            unsafe try Self.set(socket, ZMQ_BACKLOG, Self.backlog)
            unsafe try Self.set(socket, ZMQ_LINGER, Int32(settings.lingerMilliseconds))
            unsafe try Self.set(socket, ZMQ_RCVTIMEO, Self.waitMilliseconds)
            // A client that reconnects under its old identity takes over from the old peer.
            unsafe try Self.set(socket, ZMQ_ROUTER_HANDOVER, 1)
            unsafe try Self.set(socket, ZMQ_TCP_KEEPALIVE, 1)
            unsafe try Self.setWide(socket, ZMQ_MAXMSGSIZE, Int64(settings.maximumFrameBytes))
            for endpoint in settings.endpoints {
                let address = endpoint.address
                let takesIPv6 = address.hasPrefix("tcp://[") || address.hasPrefix("tcp://*")
                unsafe try Self.set(socket, ZMQ_IPV6, takesIPv6 ? 1 : 0)
                unsafe try Self.set(socket, ZMQ_USE_FD, endpoint.descriptor ?? -1)
                // libzmq would take the path away from whoever listens there.
                if endpoint.descriptor == nil, address.hasPrefix("ipc://"),
                    LocalSocket.isListening(String(address.dropFirst("ipc://".count)))
                {
                    throw TransportFailure("zmq_bind(\(address))", code: EADDRINUSE)
                }
                guard unsafe zmq_bind(socket, endpoint.address) == 0 else {
                    throw TransportFailure("zmq_bind(\(endpoint.address))")
                }
                unsafe addresses.append(try Self.lastEndpoint(socket))
            }
            descriptor = unsafe try Self.fileDescriptor(socket)
        } catch {
            unsafe zmq_close(socket)
            unsafe zmq_ctx_term(context)
            throw error
        }
    }

    /// Closes the socket; replies on their way have the linger time to leave.
    func close() {
        unsafe zmq_close(socket)
        // EINTR is the only error that can pass.
        while unsafe zmq_ctx_term(context) != 0, zmq_errno() == EINTR {}
    }

    private static func set(
        _ socket: UnsafeMutableRawPointer,
        _ option: Int32,
        _ value: Int32
    ) throws(TransportFailure) {
        var value = value
        guard unsafe zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size) == 0 else {
            throw TransportFailure("zmq_setsockopt(\(option))")
        }
    }

    private static func setWide(
        _ socket: UnsafeMutableRawPointer,
        _ option: Int32,
        _ value: Int64
    ) throws(TransportFailure) {
        var value = value
        guard unsafe zmq_setsockopt(socket, option, &value, MemoryLayout<Int64>.size) == 0 else {
            throw TransportFailure("zmq_setsockopt(\(option))")
        }
    }

    private static func lastEndpoint(
        _ socket: UnsafeMutableRawPointer
    ) throws(TransportFailure) -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        var count = bytes.count
        guard unsafe zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, &bytes, &count) == 0 else {
            throw TransportFailure("zmq_getsockopt(LAST_ENDPOINT)")
        }
        return String(decoding: bytes[0..<max(0, count - 1)], as: UTF8.self)
    }

    private static func fileDescriptor(
        _ socket: UnsafeMutableRawPointer
    ) throws(TransportFailure) -> Int32 {
        var descriptor: Int32 = -1
        var count = MemoryLayout<Int32>.size
        guard unsafe zmq_getsockopt(socket, ZMQ_FD, &descriptor, &count) == 0 else {
            throw TransportFailure("zmq_getsockopt(FD)")
        }
        return descriptor
    }
}
