internal import Glibc

/// The system has no further thread or descriptor for a lane.
public struct LaneFailure: Error, Sendable, CustomStringConvertible {
    /// The call, as "pthread_create".
    public let call: String
    /// The error number.
    public let code: Int32

    /// One line.
    public var description: String {
        unsafe "\(call): \(strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)")"
    }
}
