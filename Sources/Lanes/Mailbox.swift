internal import Synchronization

/// Values for one lane from any thread; bounded, and rung when something is put in.
///
/// For control messages: a lock and an array a value, so not for the path of events.
public final class Mailbox<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    private let bell: Bell
    /// Most values that wait.
    public let capacity: Int

    /// A mailbox whose reader sleeps on `bell`.
    public init(capacity: Int, bell: Bell) {
        precondition(capacity > 0)
        self.capacity = capacity
        self.bell = bell
    }

    /// Puts a value in; false when full, and the value is not taken.
    public func put(_ value: Value) -> Bool {
        let isTaken = values.withLock { values in
            guard values.count < capacity else { return false }
            values.append(value)
            return true
        }
        if isTaken { bell.ring() }
        return isTaken
    }

    /// Takes everything out, oldest first.
    public func takeAll() -> [Value] {
        values.withLock { values in
            guard !values.isEmpty else { return [] }
            defer { values = [] }
            return values
        }
    }

    /// Whether nothing waits.
    public var isEmpty: Bool { values.withLock { $0.isEmpty } }
}
