internal import Glibc
internal import Synchronization
internal import Tensors

/// Blocks for answers, kept for the next one: in steady state nothing is allocated.
///
/// A block is in use until its last reader (a tensor frame that the network still sends)
/// gives it back. Any thread.
@safe
public final class AnswerPool: Sendable {
    /// Smallest block.
    private static let smallest = 512
    /// Size classes: 512 B to 64 MiB by powers of two; larger blocks are not kept.
    private static let classes = 18
    /// Bytes kept for reuse at most.
    public static let keptBytes = 256 << 20

    /// In front of every block: where it belongs and who still reads it.
    @unsafe
    struct Header {
        var sizeClass: Int
        var readers: Int
        var next: UnsafeMutableRawPointer?
        let pool: Unmanaged<AnswerPool>
    }

    @safe
    private struct State: @unchecked Sendable {
        // Safe because it is only touched under the mutex.
        var free: [UnsafeMutableRawPointer?]
        var kept = 0
    }

    private let state: Mutex<State>

    /// An empty pool.
    ///
    /// It must outlive its blocks: the daemon's lives as long as the process.
    public init() {
        state = Mutex(unsafe State(free: Array(repeating: nil, count: Self.classes)))
    }

    /// A block of at least `byteCount` bytes, aligned to 64, with one reader.
    ///
    /// Its content is what the last answer left.
    func take(byteCount: Int) -> UnsafeMutableRawPointer {
        var sizeClass = 0
        while sizeClass < Self.classes, Self.smallest << sizeClass < byteCount { sizeClass += 1 }
        if sizeClass < Self.classes {
            let block = state.withLock { state -> UInt? in
                guard let block = unsafe state.free[sizeClass] else { return nil }
                unsafe state.free[sizeClass] = unsafe Self.header(block).pointee.next
                state.kept -= Self.smallest << sizeClass
                return UInt(bitPattern: block)
            }
            if let block, let base = unsafe UnsafeMutableRawPointer(bitPattern: block) {
                unsafe Self.header(base).pointee.readers = 1
                return unsafe base
            }
        }
        let bytes = sizeClass < Self.classes ? Self.smallest << sizeClass : (byteCount + 63) & ~63
        guard let memory = unsafe aligned_alloc(AlignedBuffer.alignment, bytes + 64) else {
            preconditionFailure("out of memory for an answer of \(bytes) bytes")
        }
        let base = unsafe memory + 64
        unsafe Self.header(base).initialize(
            to: Header(
                sizeClass: sizeClass,
                readers: 1,
                next: nil,
                pool: Unmanaged.passUnretained(self)
            )
        )
        return unsafe base
    }

    /// Says that `count` readers hold the block instead of one.
    static func share(_ block: UnsafeMutableRawPointer, readers count: Int) {
        unsafe header(block).pointee.readers = count
    }

    /// One reader is done; the last one gives the block back.
    ///
    /// Any thread.
    public static func giveBack(_ block: UnsafeMutableRawPointer) {
        let pool = unsafe header(block).pointee.pool.takeUnretainedValue()
        let address = UInt(bitPattern: block)
        let isFreed = pool.state.withLock { state -> Bool in
            guard let block = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
                return false
            }
            let header = unsafe Self.header(block)
            unsafe header.pointee.readers -= 1
            guard unsafe header.pointee.readers == 0 else { return false }
            let sizeClass = unsafe header.pointee.sizeClass
            guard sizeClass < classes, state.kept + smallest << sizeClass <= keptBytes else {
                return true
            }
            unsafe header.pointee.next = unsafe state.free[sizeClass]
            unsafe state.free[sizeClass] = unsafe block
            state.kept += smallest << sizeClass
            return false
        }
        if isFreed { unsafe free(block - 64) }
    }

    private static func header(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Header> {
        unsafe (block - 64).assumingMemoryBound(to: Header.self)
    }
}
