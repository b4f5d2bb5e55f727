/// Where a packed score reply holds what changes from reply to reply, found by walking its fields.
///
/// The reply is one of `ReplyEncoder`, whose padded numbers have their largest value: anything
/// else is a bug.
@safe
struct ReplyPlaces {
    /// Offset and bytes of a value in the packed reply.
    struct Place {
        var offset: Int
        var byteCount: Int
    }

    /// Offset of what follows the id, which stands first.
    private(set) var start = 0
    /// Rows of framed tensors or bytes of inline ones, in the message's order.
    private(set) var tensors: [Place] = []
    /// Offset of the queue time.
    private(set) var queue = 0
    /// Offset of the compute time.
    private(set) var compute = 0
    /// Offset of the batch.
    private(set) var batch = 0

    private let base: UnsafeRawPointer
    private let isFramed: Bool

    /// Walks the `count` bytes at `base`, which are not kept.
    init(_ base: UnsafeRawPointer, count: Int, isFramed: Bool) {
        unsafe self.base = unsafe base
        self.isFramed = isFramed
        var reply = unsafe WireCursor(base, count: count)
        precondition(reply.byte() == 0x08 && reply.number() != nil, "the id stands first")
        start = offset(reply)
        while let field = reply.field() {
            if field.tag == 0x1A, let score = field.content { walk(score: score) }
        }
        precondition(queue > 0 && compute > 0 && batch > 0, "a reply has a timing")
    }

    private func offset(_ cursor: WireCursor) -> Int { unsafe cursor.at - base }

    /// Tags of an output's value, lower, upper, flags, set, aleatoric and epistemic.
    private static let outputTensors: [UInt8] = [0x1A, 0x22, 0x2A, 0x42, 0x4A, 0x5A, 0x62]

    private mutating func walk(score: WireCursor) {
        var score = score
        while let field = score.field() {
            guard let content = field.content else { continue }
            switch field.tag {
            case 0x0A: walk(content, tensors: Self.outputTensors)
            case 0x12: walk(content, tensors: [0x12])  // p_values
            case 0x1A: walk(tensor: content)  // log_likelihood_ratio
            case 0x2A: walk(timing: content)
            case 0x32: walk(content, tensors: [0x2A, 0x32])  // regions
            default: break
            }
        }
    }

    /// Walks an output, a p-value or a region, whose fields of the given tags are tensors.
    private mutating func walk(_ message: WireCursor, tensors tags: [UInt8]) {
        var message = message
        while let field = message.field() {
            if let content = field.content, tags.contains(field.tag) { walk(tensor: content) }
        }
    }

    private mutating func walk(tensor: WireCursor) {
        var tensor = tensor
        while let field = tensor.field() {
            guard let content = field.content, field.tag == (isFramed ? 0x1A : 0x2A) else {
                continue
            }
            if isFramed { check(content, PaddedNumber.rows) }
            tensors.append(Place(offset: offset(content), byteCount: content.count))
        }
    }

    private mutating func walk(timing: WireCursor) {
        var timing = timing
        while let tag = timing.byte() {
            let place = offset(timing)
            switch tag {
            case 0x08: queue = place
            case 0x10: compute = place
            case 0x18: batch = place
            default: preconditionFailure("a timing has three fields")
            }
            check(timing, tag == 0x18 ? .batch : .nanoseconds)
            _ = timing.number()
        }
    }

    private func check(_ cursor: WireCursor, _ padded: PaddedNumber) {
        var cursor = cursor
        let before = cursor.count
        precondition(cursor.number() == padded.maximum)
        precondition(before - cursor.count == padded.byteCount)
    }
}
