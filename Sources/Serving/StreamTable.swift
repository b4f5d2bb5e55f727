internal import Messages
internal import Synchronization
internal import Tensors

/// The data streams that a model's events came from, numbered in the order of their first event.
///
/// Bounded: streams past the capacity are taken together under the last number, as `others`.
final class StreamTable: Sendable {
    /// Streams that are told apart, the unnamed one included.
    static let capacity = 16
    /// What streams past the capacity are called.
    static let others = "others"
    /// What events without a stream are called.
    static let unnamed = "none"
    /// Bytes of the longest name.
    static let maximumBytes = 64

    private let names = Mutex<[OwnedText]>([OwnedText(unnamed)])

    /// The number of a stream, which is new or known; 0 for an empty name.
    ///
    /// O(streams), compares bytes.
    func number(_ name: LentText) -> Int {
        guard !name.isEmpty else { return 0 }
        return names.withLock { names in
            if let known = names.firstIndex(where: { name.equals($0) }) { return known }
            guard names.count < Self.capacity - 1 else { return Self.capacity - 1 }
            names.append(OwnedText(name.string))
            return names.count - 1
        }
    }

    /// The number of a stream that is known, or nil.
    func known(_ name: String) -> Int? {
        name.isEmpty ? 0 : names.withLock { $0.firstIndex { $0.string == name } }
    }

    /// The name of a number.
    func name(_ number: Int) -> String {
        names.withLock { number < $0.count ? $0[number].string : Self.others }
    }

    /// Refuses what cannot be a name: it becomes a label of metrics.
    static func check(_ name: LentText) throws(Refusal) {
        let text = name.string
        guard name.count <= maximumBytes,
            text.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else {
            throw Refusal(
                .invalid,
                "found '\(text.prefix(maximumBytes))', allowed are 1 to \(maximumBytes) letters, digits, '.', '-' and '_' of ASCII",
                field: "stream"
            )
        }
    }
}
