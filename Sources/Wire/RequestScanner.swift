internal import Messages
internal import Tensors

/// Reads the usual score request in place: what it says of text and inline bytes points into the
/// header.
///
/// It takes what protobuf-c reads in one way only: known fields of the known wire type, singular
/// ones once, packed shapes, text without NUL, counts and numbers within their limits. Anything
/// else is unusual, however valid, and left to protobuf-c; so are all refusals. Within these
/// limits protobuf-c's memory never reaches the arena's limit, so both read the same.
enum RequestScanner {
    /// Bytes of a header that is scanned at most: protobuf-c takes lengths up to `INT_MAX`.
    private static let maximumBytes = 1 << 30
    /// Bits of the fields of `Score` that stand once at most: all but inputs, columns, outputs.
    private static let singularFields: UInt32 = ~(1 << 3 | 1 << 8 | 1 << 10)

    /// Scans a header.
    ///
    /// - Returns: the request's id, or nil for the unusual; `request` then holds anything.
    @inline(__always)
    static func scan(
        _ header: LentFrame,
        frames: UnsafeBufferPointer<LentFrame>,
        into request: inout ScoreRequest
    ) -> UInt64? {
        guard let base = unsafe header.base, header.count <= maximumBytes else { return nil }
        var message = unsafe WireCursor(base, count: header.count)
        var id: UInt64 = 0
        var hasId = false
        var hasScore = false
        while let tag = message.byte() {
            switch tag {
            case 0x08:  // id
                guard !hasId, let number = message.number() else { return nil }
                id = number
                hasId = true
            case 0x12:  // score
                guard !hasScore, let score = message.content(),
                    unsafe scan(score: score, frames, &request)
                else {
                    return nil
                }
                hasScore = true
            default:
                return nil
            }
        }
        return hasScore ? id : nil
    }

    /// Scans a `Score`; false for the unusual.
    @inline(__always)
    private static func scan(
        score: WireCursor,
        _ frames: UnsafeBufferPointer<LentFrame>,
        _ request: inout ScoreRequest
    ) -> Bool {
        var score = score
        request.model = LentText()
        request.version = nil
        request.deadlineMicroseconds = nil
        request.priority = .standard
        request.coverage = nil
        request.prior = nil
        request.isRaw = false
        request.stream = LentText()
        request.seed = 0
        request.hasEventIds = false
        request.wantsAttributions = false
        var inputCount = 0
        var columnCount = 0
        var outputCount = 0
        var seen: UInt32 = 0
        while let tag = score.byte() {
            let bit: UInt32 = 1 &<< UInt32(tag >> 3)
            guard seen & bit & singularFields == 0 else { return false }
            seen |= bit
            switch tag {
            case 0x0A:  // model
                guard let text = score.text() else { return false }
                request.model = text
            case 0x12:  // version
                guard let text = score.text() else { return false }
                request.version = text
            case 0x1A:  // inputs
                guard inputCount < ScoreRequest.maximumInputs, let tensor = score.content(),
                    unsafe scan(tensor: tensor, frames, &request.inputs[inputCount])
                else {
                    return false
                }
                inputCount += 1
            case 0x20:  // deadline_microseconds
                guard let number = score.number() else { return false }
                request.deadlineMicroseconds = number
            case 0x28:  // priority
                guard let number = score.smallNumber(), let priority = Priority(rawValue: number)
                else {
                    return false
                }
                request.priority = priority
            case 0x31:  // coverage
                guard let number = score.double() else { return false }
                request.coverage = number
            case 0x39:  // prior
                guard let number = score.double() else { return false }
                request.prior = number
            case 0x42:  // columns
                guard columnCount < ScoreRequest.maximumColumns, let tensor = score.content(),
                    unsafe scan(tensor: tensor, frames, &request.columns[columnCount])
                else {
                    return false
                }
                columnCount += 1
            case 0x48:  // raw
                guard let number = score.smallNumber() else { return false }
                request.isRaw = number != 0
            case 0x52:  // outputs
                guard outputCount < ScoreRequest.maximumOutputs, let text = score.text() else {
                    return false
                }
                request.outputs[outputCount] = text
                outputCount += 1
            case 0x62:  // stream
                guard let text = score.text() else { return false }
                request.stream = text
            case 0x68:  // seed
                guard let number = score.number() else { return false }
                request.seed = number
            case 0x72:  // event_ids
                guard let tensor = score.content(),
                    unsafe scan(tensor: tensor, frames, &request.eventIds)
                else {
                    return false
                }
                request.hasEventIds = true
            default:
                return false
            }
        }
        request.inputCount = inputCount
        request.columnCount = columnCount
        request.outputCount = outputCount
        return true
    }

    /// Scans a `Tensor` over the entry's last content; false for the unusual.
    private static func scan(
        tensor message: WireCursor,
        _ frames: UnsafeBufferPointer<LentFrame>,
        _ tensor: inout LentTensor
    ) -> Bool {
        var message = message
        var name = LentText()
        var type: ElementType?
        var rank = 0
        var content = unsafe LentFrame(base: nil, count: 0)
        var splits = unsafe LentFrame(base: nil, count: 0)
        var seen: UInt32 = 0
        while let tag = message.byte() {
            let bit: UInt32 = 1 &<< UInt32(tag >> 3)
            guard seen & bit == 0 else { return false }
            seen |= bit
            switch tag {
            case 0x0A:  // name
                guard let text = message.text() else { return false }
                name = text
            case 0x10:  // type
                guard let number = message.smallNumber() else { return false }
                type = ElementType(rawValue: number)
            case 0x1A:  // shape
                guard var shape = message.content() else { return false }
                while shape.hasMore {
                    guard rank < LentTensor.maximumRank, let number = shape.number(),
                        let size = Int(exactly: number)
                    else {
                        return false
                    }
                    tensor.dimensions[rank] = size
                    rank += 1
                }
            case 0x20:  // frame
                guard let frame = unsafe frame(&message, frames) else { return false }
                content = frame
            case 0x2A:  // data
                guard let data = message.content() else { return false }
                content = lent(data)
            case 0x30:  // row_splits_frame
                guard let frame = unsafe frame(&message, frames) else { return false }
                splits = frame
            case 0x3A:  // row_splits
                guard let data = message.content() else { return false }
                splits = lent(data)
            default:
                return false
            }
        }
        // Bytes in both places are refused, by protobuf-c's reader.
        let isFramed = seen & (1 << 4) != 0
        guard !isFramed || seen & (1 << 5) == 0, seen & (1 << 6) == 0 || seen & (1 << 7) == 0 else {
            return false
        }
        if rank == 0 { tensor.dimensions[0] = 0 }
        tensor.name = name
        tensor.type = type
        tensor.rank = rank
        unsafe tensor.base = unsafe content.base
        tensor.byteCount = content.count
        tensor.isFramed = isFramed
        unsafe tensor.splits = unsafe splits.base
        tensor.splitsByteCount = splits.count
        return true
    }

    /// The frame that a number names.
    @inline(__always)
    private static func frame(
        _ message: inout WireCursor,
        _ frames: UnsafeBufferPointer<LentFrame>
    ) -> LentFrame? {
        guard let number = message.smallNumber(), number >= 1, Int(number) <= frames.count
        else {
            return nil
        }
        return unsafe frames[Int(number) - 1]
    }

    /// Inline bytes; none at all have no address, as with protobuf-c.
    @inline(__always)
    private static func lent(_ data: WireCursor) -> LentFrame {
        unsafe LentFrame(base: data.hasMore ? data.at : nil, count: data.count)
    }
}
