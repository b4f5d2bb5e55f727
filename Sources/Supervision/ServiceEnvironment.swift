internal import Glibc

/// Environment variables that a service manager sets, read by name.
///
/// A value of its own so that tests need not change the process's.
public struct ServiceEnvironment: Sendable {
    private let read: @Sendable (String) -> String?

    /// Variables that `read` knows.
    public init(_ read: @escaping @Sendable (String) -> String?) {
        self.read = read
    }

    /// The process's own.
    public static let process = ServiceEnvironment { name in
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// The value of a variable, or nil when it is not set or empty.
    public subscript(name: String) -> String? {
        guard let value = read(name), !value.isEmpty else { return nil }
        return value
    }
}

/// What the service manager handed over cannot be used.
public struct SupervisionFailure: Error, Sendable, CustomStringConvertible {
    /// One line for people.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
