/// The header of a score reply, packed but for what differs from reply to reply.
///
/// Lent by `ReplyTemplates` for one answer: valid until the next look-up and as long as the
/// answer's block. Times above 73 minutes and micro-batches above two million rows are written as
/// these limits.
@safe
public struct ReplyTemplate {
    private let packed: UnsafePointer<PackedReply>
    private let rows: Int
    private let block: UnsafeRawPointer

    @inline(__always)
    init(_ packed: UnsafePointer<PackedReply>, rows: Int, block: UnsafeRawPointer) {
        unsafe self.packed = unsafe packed
        frameCount = unsafe packed.pointee.frameCount
        self.rows = rows
        unsafe self.block = unsafe block
    }

    /// Sections that travel as frames; none when the bytes are in the header.
    public let frameCount: Int

    /// The section that travels as frame `index`, counted from 0, and its bytes.
    @inline(__always)
    public func frame(_ index: Int) -> (section: Int, byteCount: Int) {
        precondition(index >= 0 && index < frameCount)
        let tensor = unsafe packed.pointee.tensors[index]
        return (tensor.section, tensor.byteCount * rows)
    }

    /// Bytes of the header of the reply to request `id`.
    @inline(__always)
    public func byteCount(id: UInt64) -> Int {
        let idBytes = (63 - (id | 1).leadingZeroBitCount) / 7 + 1
        return unsafe 1 + idBytes + packed.pointee.byteCount
    }

    /// Writes the header into `memory`, which has `byteCount(id:)` bytes.
    public func write(
        id: UInt64,
        queueNanoseconds: UInt64,
        computeNanoseconds: UInt64,
        batch: Int,
        into memory: UnsafeMutableRawPointer
    ) {
        let start = unsafe Self.writeId(id, memory)
        let end = unsafe frameCount > 0 ? writeFramed(start) : writeInline(start)
        unsafe PaddedNumber.nanoseconds.store(
            queueNanoseconds,
            at: end - packed.pointee.queueFromEnd
        )
        unsafe PaddedNumber.nanoseconds.store(
            computeNanoseconds,
            at: end - packed.pointee.computeFromEnd
        )
        unsafe PaddedNumber.batch.store(
            UInt64(clamping: batch),
            at: end - packed.pointee.batchFromEnd
        )
    }

    /// Writes field 1; returns the place behind it.
    @inline(__always)
    private static func writeId(
        _ id: UInt64,
        _ memory: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        unsafe memory.storeBytes(of: 0x08, as: UInt8.self)
        var place = unsafe memory + 1
        var rest = id
        while rest >= 0x80 {
            unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            unsafe place += 1
            rest >>= 7
        }
        unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        return unsafe place + 1
    }

    /// Writes the text and the rows of every tensor; returns the end.
    @inline(__always)
    private func writeFramed(_ start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        let byteCount = unsafe packed.pointee.textBytes
        unsafe start.copyMemory(from: packed.pointee.text, byteCount: byteCount)
        let rows = UInt64(rows)
        for index in unsafe 0..<packed.pointee.tensorCount {
            unsafe PaddedNumber.rows.store(rows, at: start + packed.pointee.tensors[index].place)
        }
        return unsafe start + byteCount
    }

    /// Writes the text with every section, straight from the block, where it belongs.
    @inline(__always)
    private func writeInline(_ start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        let text = unsafe packed.pointee.text
        var written = 0
        var place = unsafe start
        for index in unsafe 0..<packed.pointee.tensorCount {
            let tensor = unsafe packed.pointee.tensors[index]
            unsafe place.copyMemory(from: text + written, byteCount: tensor.place - written)
            unsafe place += tensor.place - written
            written = tensor.place
            unsafe place.copyMemory(from: block + tensor.offset, byteCount: tensor.byteCount)
            unsafe place += tensor.byteCount
        }
        let rest = unsafe packed.pointee.textBytes - written
        unsafe place.copyMemory(from: text + written, byteCount: rest)
        return unsafe place + rest
    }
}
