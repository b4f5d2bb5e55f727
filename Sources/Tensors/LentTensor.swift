/// A tensor of a request as it lies in its message: nothing is copied.
///
/// The memory belongs to the transport and is lent until the reply is sent.
@safe
public struct LentTensor: BitwiseCopyable, @unchecked Sendable {
    // Safe because the bytes are immutable while they are lent.
    /// Most dimensions a tensor may have, the event axis included.
    public static let maximumRank = 8

    /// Name on the wire.
    public var name = LentText()
    /// Element type, or nil when the message carries none that is known.
    public var type: ElementType?
    /// Dimensions used of `dimensions`.
    public var rank = 0
    /// Shape with the event axis first.
    public var dimensions: InlineArray<8, Int> = .init(repeating: 0)
    /// First byte of the content, or nil when there is none.
    public var base: UnsafeRawPointer?
    /// Bytes of the content.
    public var byteCount = 0
    /// First byte of the row splits (int64, little-endian), or nil.
    public var splits: UnsafeRawPointer?
    /// Bytes of the row splits.
    public var splitsByteCount = 0
    /// Whether the bytes travelled in a frame of their own.
    public var isFramed = false

    /// An empty tensor.
    public init() {}

    /// As "float32[1024, 61]", for messages.
    public var text: String {
        let shape = (0..<rank).map { String(dimensions[$0]) }.joined(separator: ", ")
        return "\(type?.name ?? "unknown")[\(shape)]"
    }
}
