internal import Messages
internal import Tensors

/// One score reply as `ReplyEncoder` packs it, taken apart: the bytes behind the id, and where in
/// them stands what changes.
///
/// Rows of framed tensors and the timing are padded numbers. The bytes of inline tensors are left
/// out: `place` says where they belong.
@safe
struct PackedReply: ~Copyable {
    /// A tensor of the reply, in the message's order.
    struct Tensor {
        /// Section of the answer.
        let section: Int
        /// Position in the text: of the rows when framed, of the section's bytes when inline.
        let place: Int
        /// Bytes of one event when framed, of all when inline.
        let byteCount: Int
        /// Offset of the section in the block; inline only.
        let offset: Int
    }

    /// Kept alive, so that its address stands for it.
    let layout: AnswerLayout
    /// The reply without its id and inline bytes.
    let text: UnsafeMutableRawPointer
    /// Bytes of `text`.
    let textBytes: Int
    /// Bytes of the reply without its id.
    let byteCount: Int
    /// Tensors, `tensorCount` of them.
    let tensors: UnsafeMutablePointer<Tensor>
    /// Used entries of `tensors`.
    let tensorCount: Int
    /// Tensors that travel as frames: all or none.
    let frameCount: Int
    /// Bytes from the queue time to the end.
    let queueFromEnd: Int
    /// Bytes from the compute time to the end.
    let computeFromEnd: Int
    /// Bytes from the batch to the end.
    let batchFromEnd: Int

    /// Packs a reply of this content by an encoder that uses `arena`.
    ///
    /// Of `block` only the bytes of inline sections are read, and not kept.
    init(
        layout: AnswerLayout,
        rows: Int,
        block: UnsafeMutableRawPointer,
        isFramed: Bool,
        coverage: Double,
        flaggedOutputs: UInt32,
        arena: Arena
    ) {
        var offsets = AnswerLayout.SectionNumbers(repeating: 0)
        for index in layout.sections.indices {
            offsets[index] = layout.offset(of: index, rows: rows)
        }
        var encoder = ReplyEncoder(arena: arena)
        // The largest padded numbers take their width, so every length around them is right.
        let draft = unsafe encoder.answer(
            ReplyEncoder.Answer(
                layout: layout,
                rows: isFramed ? Int(PaddedNumber.rows.maximum) : rows,
                base: block,
                offsets: offsets,
                flaggedOutputs: flaggedOutputs,
                coverage: coverage,
                queueNanoseconds: PaddedNumber.nanoseconds.maximum,
                computeNanoseconds: PaddedNumber.nanoseconds.maximum,
                batch: Int(PaddedNumber.batch.maximum)
            ),
            id: 0,
            isFramed: isFramed
        )
        let packed = UnsafeMutableRawPointer.allocate(byteCount: draft.byteCount, alignment: 16)
        defer { unsafe packed.deallocate() }
        unsafe draft.pack(into: packed)
        let places = unsafe ReplyPlaces(packed, count: draft.byteCount, isFramed: isFramed)
        precondition(places.tensors.count == encoder.tensorCount)

        self.layout = layout
        frameCount = encoder.frameCount
        tensorCount = encoder.tensorCount
        byteCount = draft.byteCount - places.start
        queueFromEnd = draft.byteCount - places.queue
        computeFromEnd = draft.byteCount - places.compute
        batchFromEnd = draft.byteCount - places.batch
        let inlineBytes = isFramed ? 0 : places.tensors.reduce(0) { $0 + $1.byteCount }
        textBytes = byteCount - inlineBytes
        unsafe text = .allocate(byteCount: textBytes, alignment: 16)
        unsafe tensors = .allocate(capacity: tensorCount)
        var copied = places.start
        var filled = 0
        for index in 0..<tensorCount {
            let place = places.tensors[index]
            let section = encoder.frames[index]
            let stride = layout.sections[section].strideBytes
            precondition(isFramed || place.byteCount == stride * rows)
            let piece = place.offset - copied
            unsafe (text + filled).copyMemory(from: packed + copied, byteCount: piece)
            filled += piece
            copied = place.offset + (isFramed ? 0 : place.byteCount)
            unsafe (tensors + index).initialize(
                to: Tensor(
                    section: section,
                    place: filled,
                    byteCount: isFramed ? stride : place.byteCount,
                    offset: offsets[section]
                )
            )
        }
        unsafe (text + filled).copyMemory(from: packed + copied, byteCount: textBytes - filled)
    }

    deinit {
        unsafe text.deallocate()
        unsafe tensors.deallocate()
    }
}
