public import Messages

/// The templates that a lane's replies were made from lately.
///
/// A framed reply depends on its layout, coverage and flagged outputs; one with its bytes in the
/// header depends on its rows too. Each template keeps its layout alive until newer ones take its
/// place. One thread.
@safe
public final class ReplyTemplates {
    /// Templates that are kept at most.
    public static let capacity = setCount * ways
    private static let setCount = 32
    /// Templates that share a set; the one used longest ago makes room.
    private static let ways = 4

    /// What tells templates apart.
    private struct Key: Equatable {
        /// Address of the layout, which the template keeps alive; 0 for none.
        var layout = 0
        /// Rows, or -1 for a framed reply.
        var rows = 0
        var coverage: UInt64 = 0
        var flaggedOutputs: UInt32 = 0

        /// Number of the set.
        @inline(__always)
        var set: Int {
            var mixed = UInt64(truncatingIfNeeded: layout) ^ coverage
            mixed ^= UInt64(flaggedOutputs) << 32 ^ UInt64(truncatingIfNeeded: rows) << 8
            // Fibonacci hashing: the product's upper bits depend on every bit.
            return Int((mixed &* 0x9E37_79B9_7F4A_7C15) >> 59)
        }
    }

    @safe
    private struct Entry {
        var key = Key()
        var packed: UnsafeMutablePointer<PackedReply>?
    }

    private let entries: UnsafeMutablePointer<Entry>
    private let arena = Arena()
    /// Templates made so far.
    public private(set) var made = 0

    /// No templates yet.
    public init() {
        unsafe entries = .allocate(capacity: Self.capacity)
        unsafe entries.initialize(repeating: Entry(), count: Self.capacity)
    }

    deinit {
        for index in 0..<Self.capacity { unsafe Self.free(entries[index]) }
        unsafe entries.deallocate()
    }

    /// The template of an answer's reply, made if there is none; valid until the next look-up.
    ///
    /// `layout` is lent; a template made for it keeps it. `block` holds the sections of `rows`
    /// events where the layout puts them, and is read when the reply is written. `flaggedOutputs`
    /// has bit i for an output i with flags that are not 0.
    @inline(__always)
    public func find(
        layout: Unmanaged<AnswerLayout>,
        rows: Int,
        block: UnsafeMutableRawPointer,
        isFramed: Bool,
        coverage: Double,
        flaggedOutputs: UInt32
    ) -> ReplyTemplate {
        precondition(rows >= 0 && UInt64(rows) <= PaddedNumber.rows.maximum)
        let key = Key(
            layout: unsafe Int(bitPattern: layout.toOpaque()),
            rows: isFramed ? -1 : rows,
            coverage: coverage.bitPattern,
            flaggedOutputs: flaggedOutputs
        )
        let set = unsafe entries + key.set * Self.ways
        if unsafe set.pointee.key == key, let packed = unsafe set.pointee.packed {
            return unsafe ReplyTemplate(packed, rows: rows, block: block)
        }
        let packed =
            unsafe lookFurther(key, set)
            ?? make(key, set, layout.takeUnretainedValue(), rows, block)
        return unsafe ReplyTemplate(packed, rows: rows, block: block)
    }

    /// Looks behind a set's first entry; what is found becomes the first.
    private func lookFurther(
        _ key: Key,
        _ set: UnsafeMutablePointer<Entry>
    ) -> UnsafeMutablePointer<PackedReply>? {
        for way in 1..<Self.ways where unsafe set[way].key == key {
            let entry = unsafe set[way]
            unsafe Self.insert(entry, in: set, over: way)
            return unsafe entry.packed
        }
        return nil
    }

    /// Makes a template in the place of the one used longest ago.
    private func make(
        _ key: Key,
        _ set: UnsafeMutablePointer<Entry>,
        _ layout: AnswerLayout,
        _ rows: Int,
        _ block: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<PackedReply> {
        unsafe Self.free(set[Self.ways - 1])
        let packed = UnsafeMutablePointer<PackedReply>.allocate(capacity: 1)
        unsafe packed.initialize(
            to: PackedReply(
                layout: layout,
                rows: rows,
                block: block,
                isFramed: key.rows < 0,
                coverage: Double(bitPattern: key.coverage),
                flaggedOutputs: key.flaggedOutputs,
                arena: arena
            )
        )
        unsafe Self.insert(Entry(key: key, packed: packed), in: set, over: Self.ways - 1)
        made += 1
        return unsafe packed
    }

    /// Puts an entry first; those before `way` move back by one.
    private static func insert(
        _ entry: Entry,
        in set: UnsafeMutablePointer<Entry>,
        over way: Int
    ) {
        for index in stride(from: way, to: 0, by: -1) { unsafe set[index] = unsafe set[index - 1] }
        unsafe set.pointee = entry
    }

    private static func free(_ entry: Entry) {
        guard let packed = unsafe entry.packed else { return }
        unsafe packed.deinitialize(count: 1)
        unsafe packed.deallocate()
    }
}
