internal import CLinux
internal import Glibc

/// Listening sockets that the service manager passed in, as sd_listen_fds(3) describes it.
public struct InheritedSockets: Sendable, Equatable {
    /// First descriptor that is passed in.
    private static let first: Int32 = 3
    /// More are a mistake of somebody's.
    private static let maximumCount: Int32 = 64

    /// Descriptors by the endpoint that they listen on, as "tcp://127.0.0.1:5555".
    public let descriptors: [String: Int32]

    /// Takes over what was meant for the process whose id is `processId`.
    ///
    /// Call once: the sockets are made close-on-exec.
    public init(_ environment: ServiceEnvironment, processId: Int32) throws(SupervisionFailure) {
        guard environment["LISTEN_PID"] == String(processId),
            let text = environment["LISTEN_FDS"]
        else {
            descriptors = [:]
            return
        }
        guard let count = Int32(text), (0...Self.maximumCount).contains(count) else {
            throw SupervisionFailure(
                "LISTEN_FDS: found '\(text)', allowed is 0 to \(Self.maximumCount)"
            )
        }
        var found: [String: Int32] = [:]
        for descriptor in Self.first..<(Self.first + count) {
            found[try Self.endpoint(descriptor)] = descriptor
        }
        descriptors = found
    }

    /// Assigns the sockets to the endpoints of the settings.
    ///
    /// - Throws: When a socket belongs to no endpoint: its clients would wait for ever.
    public func assigned(to endpoints: [String]) throws(SupervisionFailure) -> [String: Int32] {
        var assigned: [String: Int32] = [:]
        for (endpoint, descriptor) in descriptors {
            let wanted = endpoints.first { Self.listensOn($0, endpoint) }
            guard let wanted else {
                throw SupervisionFailure(
                    "a socket at \(endpoint) was passed in, and the settings' endpoints are \(endpoints.joined(separator: ", "))"
                )
            }
            assigned[wanted] = descriptor
        }
        return assigned
    }

    /// Whether a socket at `actual` is what `endpoint` of the settings means: '*' is any address.
    private static func listensOn(_ endpoint: String, _ actual: String) -> Bool {
        guard endpoint != actual else { return true }
        guard endpoint.hasPrefix("tcp://*:") else { return false }
        let port = endpoint.dropFirst("tcp://*:".count)
        return actual == "tcp://0.0.0.0:\(port)" || actual == "tcp://[::]:\(port)"
    }

    private static func endpoint(_ descriptor: Int32) throws(SupervisionFailure) -> String {
        var text = [CChar](repeating: 0, count: 256)
        let code = unsafe clinux_adopt_listener(descriptor, &text, text.count)
        guard code == 0 else {
            let why =
                code == ENOTCONN
                ? "it is no listening stream socket" : unsafe String(cString: strerror(code))
            throw SupervisionFailure("descriptor \(descriptor) was passed in, but \(why)")
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
