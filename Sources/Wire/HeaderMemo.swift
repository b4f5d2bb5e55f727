internal import Glibc
public import Messages
internal import Tensors

/// The last usual header, so that the next one that says the same need not be read again.
///
/// Clients send the same header over and over: only the id differs, and the values of the events
/// where they lie in it. Bytes that are equal mean what they meant before.
@safe
public struct HeaderMemo: ~Copyable {
    /// Longest header that is kept, bytes.
    public static let maximumBytes = 1024
    /// Longest id that is looked at, bytes; protobuf allows one more.
    private static let maximumIdBytes = 9

    /// A header that says the same as the one kept.
    @safe
    public struct Match {
        // Safe because the bytes are immutable while they are lent.
        /// Its id.
        public let id: UInt64
        /// First byte of its only tensor.
        public let base: UnsafeRawPointer
    }

    /// What stands behind the id.
    private let bytes: UnsafeMutableRawPointer
    /// How much that is; -1: nothing is kept.
    private var count = -1
    /// Place in it and number of the tensor's bytes, which may be any.
    private var hole: Range<Int> = 0..<0
    /// Bytes of the only frame, or -1 when the tensor lies in the header.
    private var frameBytes = -1

    /// Keeps nothing yet.
    public init() {
        unsafe bytes = .allocate(byteCount: Self.maximumBytes, alignment: 64)
    }

    deinit { unsafe bytes.deallocate() }

    /// Whether the tensor lies in a frame of its own.
    public var isFramed: Bool { frameBytes >= 0 }

    /// What `header` differs in, if it is only that; `frame` is the message's only tensor frame.
    ///
    /// The answer holds whatever lies in the tensor.
    @inline(__always)
    public func match(_ header: LentFrame, frame: LentFrame?) -> Match? {
        guard count >= 0, let start = unsafe header.base,
            let (id, length) = LeadingId.read(header, maximumBytes: Self.maximumIdBytes),
            header.count - length == count
        else { return nil }
        let rest = unsafe start + length
        guard unsafe memcmp(rest, bytes, hole.lowerBound) == 0,
            unsafe memcmp(rest + hole.upperBound, bytes + hole.upperBound, count - hole.upperBound)
                == 0
        else { return nil }
        guard let frame else {
            return isFramed ? nil : unsafe Match(id: id, base: rest + hole.lowerBound)
        }
        guard frame.count == frameBytes, let base = unsafe frame.base else { return nil }
        return unsafe Match(id: id, base: base)
    }

    /// Keeps a header that was decoded to `request`; true when it could be.
    ///
    /// Kept are short ones that were read in place, start with their id and have one dense tensor and
    /// nothing else that events bring.
    public mutating func keep(
        _ header: LentFrame,
        frame: LentFrame?,
        as request: borrowing ScoreRequest
    ) -> Bool {
        count = -1
        guard header.count <= Self.maximumBytes, request.inputCount == 1, request.columnCount == 0,
            !request.hasEventIds,
            let start = unsafe header.base,
            let (_, length) = LeadingId.read(header, maximumBytes: Self.maximumIdBytes),
            let name = unsafe request.model.base,
            // What protobuf-c has read lies elsewhere, and may have meant more than it shows.
            unsafe start <= UnsafeRawPointer(name),
            unsafe UnsafeRawPointer(name) < start + header.count,
            let base = unsafe request.inputs[0].base, unsafe request.inputs[0].splits == nil,
            request.inputs[0].isFramed == (frame != nil)
        else { return false }
        let rest = unsafe start + length
        let restCount = header.count - length
        if let frame {
            hole = 0..<0
            frameBytes = frame.count
        } else {
            let place = unsafe base - rest
            hole = place..<place + request.inputs[0].byteCount
            guard place >= 0, hole.upperBound <= restCount else { return false }
            frameBytes = -1
        }
        unsafe bytes.copyMemory(from: rest, byteCount: restCount)
        count = restCount
        return true
    }

    /// Forgets it.
    public mutating func forget() { count = -1 }
}
