internal import CZeroMQ
internal import Glibc

/// A call to libzmq failed.
public struct TransportFailure: Error, Sendable, CustomStringConvertible {
    /// The call, as "zmq_bind(tcp://...)".
    public let call: String
    /// libzmq's error number.
    public let code: Int32

    /// The error of the call that just failed on this thread.
    init(_ call: String) {
        self.init(call, code: zmq_errno())
    }

    /// An error that was found before the call.
    init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// One line.
    public var description: String {
        unsafe "\(call): \(zmq_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)")"
    }
}
