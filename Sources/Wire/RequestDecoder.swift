internal import CProtobufC
internal import CWireMessages
public import Messages
internal import Tensors

/// Reads a request's header frame.
///
/// Nothing of it can end the process; what is wrong becomes a refusal.
public enum RequestDecoder {
    /// What a header holds.
    public enum Kind: Sendable, Equatable {
        /// A score request, written into the caller's `ScoreRequest`.
        case score
        /// Anything else.
        case control(ControlRequest)
    }

    /// Most tensor frames of a message.
    public static let maximumFrames = 32
    /// Most bytes of an id in protobuf.
    private static let maximumIdBytes = 10
    /// Bytes that decoding may take beyond four times the header's own.
    private static let spareBytes = 256 * 1024

    /// The request's id as far as it can be read: for refusals of what cannot be decoded.
    public static func peekId(_ header: LentFrame) -> UInt64 {
        LeadingId.read(header, maximumBytes: maximumIdBytes)?.id ?? 0
    }

    /// Decodes a header: the usual score request in place, anything else with protobuf-c.
    ///
    /// `request` then points into the header, the frames and the arena, which is only asked for
    /// when protobuf-c needs it. Unless the kind is `score`, nothing in it may be read.
    ///
    /// - Returns: the request's id and kind.
    public static func decode(
        _ header: LentFrame,
        frames: UnsafeBufferPointer<LentFrame>,
        arena: @autoclosure () -> Arena,
        into request: inout ScoreRequest
    ) throws(Refusal) -> (id: UInt64, kind: Kind) {
        if let id = unsafe RequestScanner.scan(header, frames: frames, into: &request) {
            return (id, .score)
        }
        return unsafe try unpack(header, frames: frames, arena: arena(), into: &request)
    }

    /// Decodes a header with protobuf-c, which says what every header means.
    ///
    /// `request` then points into the arena and the frames.
    package static func unpack(
        _ header: LentFrame,
        frames: UnsafeBufferPointer<LentFrame>,
        arena: Arena,
        into request: inout ScoreRequest
    ) throws(Refusal) -> (id: UInt64, kind: Kind) {
        arena.reset(limit: header.count * 4 + spareBytes)
        guard
            let message = unsafe vigil__v1__request__unpack(
                arena.allocator,
                header.count,
                header.base?.assumingMemoryBound(to: UInt8.self)
            )
        else {
            throw Refusal(
                .invalid,
                "the header frame of \(header.count) bytes is not a vigil.v1.Request",
                field: "header"
            )
        }
        let id = unsafe message.pointee.id
        switch unsafe message.pointee.kind_case {
        case VIGIL__V1__REQUEST__KIND_SCORE:
            unsafe try ScoreDecoder(frames: frames).decode(
                message.pointee.score.pointee,
                into: &request
            )
            return (id, .score)
        case VIGIL__V1__REQUEST__KIND_STATUS:
            return (id, .control(.status))
        case VIGIL__V1__REQUEST__KIND_MODELS:
            let name = unsafe message.pointee.models.pointee.model.map {
                unsafe String(cString: $0)
            }
            return (id, .control(.models(name)))
        case VIGIL__V1__REQUEST__KIND_RELOAD:
            return (id, .control(.reload))
        case VIGIL__V1__REQUEST__KIND_TRUTH:
            let call = unsafe try ScoreDecoder(frames: frames).truth(message.pointee.truth.pointee)
            return (id, .control(.truth(call)))
        case VIGIL__V1__REQUEST__KIND_CALIBRATIONS:
            let query = unsafe message.pointee.calibrations.pointee
            return unsafe (
                id,
                .control(
                    .calibrations(
                        model: ControlDecoder.text(query.model),
                        version: query.version.map { unsafe ControlDecoder.text($0) },
                        use: query.use.map { unsafe ControlDecoder.text($0) }
                    )
                )
            )
        case VIGIL__V1__REQUEST__KIND_MONITORING:
            let name = unsafe message.pointee.monitoring.pointee.model.map {
                unsafe String(cString: $0)
            }
            return (id, .control(.monitoring(name)))
        default:
            throw Refusal(
                .invalid,
                "the request holds no kind that is known, allowed are score, status, models, reload, truth, calibrations, monitoring",
                field: "kind"
            )
        }
    }
}

/// Turns the C structure of a score request into pointers and numbers.
@safe
private struct ScoreDecoder {
    let frames: UnsafeBufferPointer<LentFrame>

    func decode(_ score: Vigil__V1__Score, into request: inout ScoreRequest) throws(Refusal) {
        request.model = unsafe Self.text(score.model)
        request.version = unsafe score.version.map { unsafe Self.text($0) }
        request.inputCount = unsafe try tensors(
            score.inputs,
            score.n_inputs,
            ScoreRequest.maximumInputs,
            "inputs",
            request.inputs
        )
        request.columnCount = unsafe try tensors(
            score.columns,
            score.n_columns,
            ScoreRequest.maximumColumns,
            "columns",
            request.columns
        )
        request.deadlineMicroseconds =
            unsafe score.has_deadline_microseconds != 0 ? score.deadline_microseconds : nil
        request.priority = .standard
        if unsafe score.has_priority != 0 {
            guard let value = unsafe UInt8(exactly: score.priority.rawValue),
                let priority = Priority(rawValue: value)
            else {
                throw Refusal(
                    .invalid,
                    unsafe "found \(score.priority.rawValue), allowed are TRIGGER, STANDARD, BULK",
                    field: "priority"
                )
            }
            request.priority = priority
        }
        request.coverage = unsafe score.has_coverage != 0 ? score.coverage : nil
        request.prior = unsafe score.has_prior != 0 ? score.prior : nil
        request.isRaw = unsafe score.has_raw != 0 && score.raw != 0
        request.outputCount = unsafe try names(score, request.outputs)
        request.stream = unsafe Self.text(score.stream)
        request.seed = unsafe score.has_seed != 0 ? score.seed : 0
        request.hasEventIds = false
        if let ids = unsafe score.event_ids {
            request.eventIds = unsafe try tensor(ids.pointee) { "event_ids" }
            request.hasEventIds = true
        }
        request.wantsAttributions = false
        for index in unsafe 0..<score.n_extras {
            switch unsafe score.extras[index] {
            case VIGIL__V1__EXTRA__ATTRIBUTIONS: request.wantsAttributions = true
            default:
                throw Refusal(
                    .invalid,
                    unsafe "found \(score.extras[index].rawValue), allowed is ATTRIBUTIONS",
                    field: "extras[\(index)]"
                )
            }
        }
        // Explanations give way to all else, so that is what no word on the priority means.
        if request.wantsAttributions, unsafe score.has_priority == 0 { request.priority = .bulk }
    }

    /// True values, copied: they are looked at on another thread.
    func truth(_ truth: Vigil__V1__Truth) throws(Refusal) -> TruthCall {
        var call = unsafe TruthCall(model: ControlDecoder.text(truth.model))
        call.version = unsafe truth.version.map { unsafe ControlDecoder.text($0) }
        call.stream = unsafe ControlDecoder.text(truth.stream)
        if let ids = unsafe truth.event_ids {
            call.eventIds = unsafe try owned(ids.pointee, "event_ids")
        }
        call.seed = unsafe truth.has_seed != 0 ? truth.seed : nil
        call.inputs = unsafe try owned(truth.inputs, truth.n_inputs, "inputs")
        call.columns = unsafe try owned(truth.columns, truth.n_columns, "columns")
        call.truths = unsafe try owned(truth.truths, truth.n_truths, "truths")
        return call
    }

    private func owned(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__Tensor>?>?,
        _ count: Int,
        _ field: String
    ) throws(Refusal) -> [TensorValue] {
        guard count <= ScoreRequest.maximumInputs else {
            throw Refusal(
                .invalid,
                "found \(count), allowed are \(ScoreRequest.maximumInputs)",
                field: field
            )
        }
        var tensors: [TensorValue] = []
        for index in 0..<count {
            guard let tensor = unsafe list?[index] else { continue }
            tensors.append(unsafe try owned(tensor.pointee, "\(field)[\(index)]"))
        }
        return tensors
    }

    private func owned(
        _ message: Vigil__V1__Tensor,
        _ field: String
    ) throws(Refusal) -> TensorValue {
        let lent = unsafe try tensor(message) { field }
        guard let type = lent.type else {
            throw Refusal(.invalid, "found no known type", field: "\(field).type")
        }
        let splits = unsafe lent.splits.map { base in
            (0..<lent.splitsByteCount / 8).map {
                unsafe base.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)
            }
        }
        return unsafe TensorValue(
            name: lent.name.string,
            type: type,
            shape: (0..<lent.rank).map { lent.dimensions[$0] },
            bytes: [UInt8](UnsafeRawBufferPointer(start: lent.base, count: lent.byteCount)),
            rowSplits: splits
        )
    }

    private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> LentText {
        guard let pointer = unsafe pointer else { return LentText() }
        var count = 0
        while unsafe pointer[count] != 0 { count += 1 }
        return unsafe LentText(
            base: UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self),
            count: count
        )
    }

    private func names(
        _ score: Vigil__V1__Score,
        _ outputs: borrowing LentList<LentText>
    ) throws(Refusal) -> Int {
        guard unsafe score.n_outputs <= ScoreRequest.maximumOutputs else {
            throw Refusal(
                .invalid,
                unsafe "found \(score.n_outputs), allowed are \(ScoreRequest.maximumOutputs)",
                field: "outputs"
            )
        }
        for index in unsafe 0..<score.n_outputs {
            outputs[index] = unsafe Self.text(score.outputs[index])
        }
        return unsafe score.n_outputs
    }

    private func tensors(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__Tensor>?>?,
        _ count: Int,
        _ limit: Int,
        _ field: String,
        _ tensors: borrowing LentList<LentTensor>
    ) throws(Refusal) -> Int {
        guard count <= limit else {
            throw Refusal(.invalid, "found \(count), allowed are \(limit)", field: field)
        }
        for index in 0..<count {
            guard let tensor = unsafe list?[index] else { continue }
            tensors[index] = unsafe try self.tensor(tensor.pointee) { "\(field)[\(index)]" }
        }
        return count
    }

    private func tensor(
        _ message: Vigil__V1__Tensor,
        field: () -> String
    ) throws(Refusal) -> LentTensor {
        var tensor = LentTensor()
        tensor.name = unsafe Self.text(message.name)
        tensor.type = unsafe UInt8(exactly: message.type.rawValue).flatMap {
            ElementType(rawValue: $0)
        }
        guard unsafe message.n_shape <= LentTensor.maximumRank else {
            throw Refusal(
                .invalid,
                unsafe "found \(message.n_shape) dimensions, allowed are \(LentTensor.maximumRank)",
                field: "\(field()).shape"
            )
        }
        tensor.rank = unsafe message.n_shape
        for axis in unsafe 0..<message.n_shape {
            guard unsafe message.shape[axis] >= 0 else {
                throw Refusal(
                    .invalid,
                    unsafe "found the size \(message.shape[axis]), allowed are whole numbers from 0",
                    field: "\(field()).shape"
                )
            }
            tensor.dimensions[axis] = unsafe Int(message.shape[axis])
        }
        if tensor.rank == 0 { tensor.dimensions[0] = 0 }
        let content = unsafe try bytes(
            message.has_frame != 0 ? message.frame : nil,
            message.has_data != 0 ? message.data : nil,
            "frame",
            field
        )
        unsafe tensor.base = unsafe content.base
        tensor.byteCount = content.count
        tensor.isFramed = unsafe message.has_frame != 0
        let splits = unsafe try bytes(
            message.has_row_splits_frame != 0 ? message.row_splits_frame : nil,
            message.has_row_splits != 0 ? message.row_splits : nil,
            "row_splits_frame",
            field
        )
        unsafe tensor.splits = unsafe splits.base
        tensor.splitsByteCount = splits.count
        return tensor
    }

    /// The bytes that a frame number or inline data name.
    private func bytes(
        _ frame: UInt32?,
        _ data: ProtobufCBinaryData?,
        _ name: String,
        _ field: () -> String
    ) throws(Refusal) -> LentFrame {
        if let frame {
            guard unsafe data == nil else {
                throw Refusal(
                    .invalid,
                    "the bytes are both in the header and in frame \(frame)",
                    field: "\(field()).\(name)"
                )
            }
            guard frame >= 1, unsafe Int(frame) <= frames.count else {
                throw Refusal(
                    .invalid,
                    unsafe "found frame \(frame), the message has \(frames.count) tensor frames, counted from 1",
                    field: "\(field()).\(name)"
                )
            }
            return unsafe frames[Int(frame) - 1]
        }
        guard let data = unsafe data else { return unsafe LentFrame(base: nil, count: 0) }
        return unsafe LentFrame(base: UnsafeRawPointer(data.data), count: data.len)
    }
}
