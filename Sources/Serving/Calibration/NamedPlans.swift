internal import Synchronization

/// Answer plans for requests that name raw outputs, kept for the next one that names the same.
final class NamedPlans: Sendable {
    /// Which outputs, in which order, beside which answer.
    struct Key: Hashable {
        /// Four bits an output: there are sixteen at most, as there are places in a request.
        private var outputs: UInt64 = 0
        private var count: UInt8 = 0
        private let isRaw: Bool

        init(isRaw: Bool) { self.isRaw = isRaw }

        mutating func append(_ output: Int) {
            precondition(output < 16 && count < 16)
            outputs = outputs << 4 | UInt64(output)
            count += 1
        }
    }

    /// Plans that are kept; one past it is made for its request alone.
    static let capacity = 64

    private let plans = Mutex<[Key: AnswerPlan]>([:])

    /// The plan of a key, which stays for as long as the service does, or nil.
    func find(_ key: Key) -> AnswerPlan? { plans.withLock { $0[key] } }

    /// Keeps a plan; false when there is no room.
    func keep(_ plan: AnswerPlan, for key: Key) -> Bool {
        plans.withLock { plans in
            guard plans.count < Self.capacity else { return false }
            plans[key] = plan
            return true
        }
    }
}
