internal import CProtobufC
internal import CWireMessages
public import Messages
internal import Tensors

/// A request as frames: the header, then tensor frames.
public struct EncodedRequest: Sendable {
    /// Header frame.
    public var header: [UInt8]
    /// Tensor frames, in order.
    public var frames: [[UInt8]]

    /// Bytes up to which tensors travel in the header.
    public static let inlineBytes = 1024
}

/// Writes requests.
public enum RequestEncoder {
    /// A score request; its tensors lie in the header when all together they take at most
    /// `inlineBytes`.
    public static func encode(
        _ call: ScoreCall,
        id: UInt64,
        inlineBytes: Int = EncodedRequest.inlineBytes
    ) -> EncodedRequest {
        let arena = Arena()
        let ids = call.eventIds.map { [$0] } ?? []
        let total = (call.inputs + call.columns + ids).reduce(0) { $0 + $1.bytes.count }
        var frames = FrameList(isFramed: total > inlineBytes)
        let score = unsafe arena.make(Vigil__V1__Score.self)
        unsafe vigil__v1__score__init(score)
        unsafe score.pointee.model = unsafe arena.text(call.model)
        if let version = call.version { unsafe score.pointee.version = unsafe arena.text(version) }
        unsafe score.pointee.n_inputs = call.inputs.count
        unsafe score.pointee.inputs = unsafe tensors(call.inputs, arena, &frames)
        unsafe score.pointee.n_columns = call.columns.count
        unsafe score.pointee.columns = unsafe tensors(call.columns, arena, &frames)
        if !ids.isEmpty {
            unsafe score.pointee.event_ids = unsafe tensors(ids, arena, &frames)[0]
        }
        if let stream = call.stream { unsafe score.pointee.stream = unsafe arena.text(stream) }
        if let seed = call.seed {
            unsafe score.pointee.has_seed = 1
            unsafe score.pointee.seed = seed
        }
        if let deadline = call.deadlineMicroseconds {
            unsafe score.pointee.has_deadline_microseconds = 1
            unsafe score.pointee.deadline_microseconds = deadline
        }
        unsafe score.pointee.has_priority = 1
        unsafe score.pointee.priority = Vigil__V1__Priority(
            rawValue: UInt32(call.priority.rawValue)
        )
        if call.wantsAttributions {
            unsafe score.pointee.n_extras = 1
            unsafe score.pointee.extras = unsafe arena.make(Vigil__V1__Extra.self)
            unsafe score.pointee.extras[0] = VIGIL__V1__EXTRA__ATTRIBUTIONS
        }
        if let coverage = call.coverage {
            unsafe score.pointee.has_coverage = 1
            unsafe score.pointee.coverage = coverage
        }
        if let prior = call.prior {
            unsafe score.pointee.has_prior = 1
            unsafe score.pointee.prior = prior
        }
        if call.isRaw {
            unsafe score.pointee.has_raw = 1
            unsafe score.pointee.raw = 1
        }
        unsafe score.pointee.n_outputs = call.outputs.count
        unsafe score.pointee.outputs = unsafe arena.make(
            UnsafeMutablePointer<CChar>?.self,
            count: call.outputs.count
        )
        for (index, name) in call.outputs.enumerated() {
            unsafe score.pointee.outputs[index] = unsafe arena.text(name)
        }
        let header = unsafe pack(id, arena) { request in
            unsafe request.pointee.kind_case = VIGIL__V1__REQUEST__KIND_SCORE
            unsafe request.pointee.score = unsafe score
        }
        return EncodedRequest(header: header, frames: frames.frames)
    }

    /// A control request; the tensors of truths lie in the header when all together they take at most
    /// `inlineBytes`.
    public static func encode(
        _ control: ControlRequest,
        id: UInt64,
        inlineBytes: Int = EncodedRequest.inlineBytes
    ) -> EncodedRequest {
        let arena = Arena()
        var frames = FrameList(isFramed: false)
        if case .truth(let call) = control {
            let ids = call.eventIds.map { [$0] } ?? []
            let all = call.inputs + call.columns + call.truths + ids
            frames = FrameList(isFramed: all.reduce(0) { $0 + $1.bytes.count } > inlineBytes)
        }
        let header = unsafe pack(id, arena) { request in
            switch control {
            case .status:
                let query = unsafe arena.make(Vigil__V1__StatusQuery.self)
                unsafe vigil__v1__status_query__init(query)
                unsafe request.pointee.kind_case = VIGIL__V1__REQUEST__KIND_STATUS
                unsafe request.pointee.status = unsafe query
            case .models(let name):
                let query = unsafe arena.make(Vigil__V1__ModelsQuery.self)
                unsafe vigil__v1__models_query__init(query)
                if let name { unsafe query.pointee.model = unsafe arena.text(name) }
                unsafe request.pointee.kind_case = VIGIL__V1__REQUEST__KIND_MODELS
                unsafe request.pointee.models = unsafe query
            case .reload:
                let query = unsafe arena.make(Vigil__V1__Reload.self)
                unsafe vigil__v1__reload__init(query)
                unsafe request.pointee.kind_case = VIGIL__V1__REQUEST__KIND_RELOAD
                unsafe request.pointee.reload = unsafe query
            case .truth(let call):
                unsafe request.pointee.kind_case = VIGIL__V1__REQUEST__KIND_TRUTH
                unsafe request.pointee.truth = unsafe truth(call, arena, &frames)
            case .calibrations(let model, let version, let use):
                let query = unsafe arena.make(Vigil__V1__CalibrationsQuery.self)
                unsafe vigil__v1__calibrations_query__init(query)
                unsafe query.pointee.model = unsafe arena.text(model)
                if let version { unsafe query.pointee.version = unsafe arena.text(version) }
                if let use { unsafe query.pointee.use = unsafe arena.text(use) }
                unsafe request.pointee.kind_case = VIGIL__V1__REQUEST__KIND_CALIBRATIONS
                unsafe request.pointee.calibrations = unsafe query
            case .monitoring(let name):
                let query = unsafe arena.make(Vigil__V1__MonitoringQuery.self)
                unsafe vigil__v1__monitoring_query__init(query)
                if let name { unsafe query.pointee.model = unsafe arena.text(name) }
                unsafe request.pointee.kind_case = VIGIL__V1__REQUEST__KIND_MONITORING
                unsafe request.pointee.monitoring = unsafe query
            }
        }
        return EncodedRequest(header: header, frames: frames.frames)
    }

    private static func truth(
        _ call: TruthCall,
        _ arena: Arena,
        _ frames: inout FrameList
    ) -> UnsafeMutablePointer<Vigil__V1__Truth> {
        let truth = unsafe arena.make(Vigil__V1__Truth.self)
        unsafe vigil__v1__truth__init(truth)
        unsafe truth.pointee.model = unsafe arena.text(call.model)
        if let version = call.version { unsafe truth.pointee.version = unsafe arena.text(version) }
        if !call.stream.isEmpty { unsafe truth.pointee.stream = unsafe arena.text(call.stream) }
        if let ids = call.eventIds {
            unsafe truth.pointee.event_ids = unsafe tensors([ids], arena, &frames)[0]
        }
        if let seed = call.seed {
            unsafe truth.pointee.has_seed = 1
            unsafe truth.pointee.seed = seed
        }
        unsafe truth.pointee.n_inputs = call.inputs.count
        unsafe truth.pointee.inputs = unsafe tensors(call.inputs, arena, &frames)
        unsafe truth.pointee.n_columns = call.columns.count
        unsafe truth.pointee.columns = unsafe tensors(call.columns, arena, &frames)
        unsafe truth.pointee.n_truths = call.truths.count
        unsafe truth.pointee.truths = unsafe tensors(call.truths, arena, &frames)
        return unsafe truth
    }

    private static func pack(
        _ id: UInt64,
        _ arena: Arena,
        fill: (UnsafeMutablePointer<Vigil__V1__Request>) -> Void
    ) -> [UInt8] {
        let request = unsafe arena.make(Vigil__V1__Request.self)
        unsafe vigil__v1__request__init(request)
        unsafe request.pointee.has_id = 1
        unsafe request.pointee.id = id
        unsafe fill(request)
        var bytes = unsafe [UInt8](
            repeating: 0,
            count: vigil__v1__request__get_packed_size(request)
        )
        unsafe vigil__v1__request__pack(request, &bytes)
        return bytes
    }

    private static func tensors(
        _ list: [TensorValue],
        _ arena: Arena,
        _ frames: inout FrameList
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__Tensor>?> {
        let entries = unsafe arena.make(
            UnsafeMutablePointer<Vigil__V1__Tensor>?.self,
            count: list.count
        )
        for (index, tensor) in list.enumerated() {
            let entry = unsafe arena.make(Vigil__V1__Tensor.self)
            unsafe vigil__v1__tensor__init(entry)
            unsafe entry.pointee.name = unsafe arena.text(tensor.name)
            unsafe entry.pointee.has_type = 1
            unsafe entry.pointee.type = Vigil__V1__DataType(rawValue: UInt32(tensor.type.rawValue))
            unsafe entry.pointee.n_shape = tensor.shape.count
            unsafe entry.pointee.shape = unsafe arena.make(Int64.self, count: tensor.shape.count)
            for (axis, size) in tensor.shape.enumerated() {
                unsafe entry.pointee.shape[axis] = Int64(size)
            }
            if let frame = frames.add(tensor.bytes) {
                unsafe entry.pointee.has_frame = 1
                unsafe entry.pointee.frame = frame
            } else {
                unsafe entry.pointee.has_data = 1
                unsafe entry.pointee.data = unsafe binary(tensor.bytes, arena)
            }
            if let splits = tensor.rowSplits {
                let bytes = unsafe splits.withUnsafeBytes { unsafe [UInt8]($0) }
                unsafe entry.pointee.has_row_splits = 1
                unsafe entry.pointee.row_splits = unsafe binary(bytes, arena)
            }
            unsafe entries[index] = unsafe entry
        }
        return unsafe entries
    }

    private static func binary(_ bytes: [UInt8], _ arena: Arena) -> ProtobufCBinaryData {
        let copy = unsafe arena.make(UInt8.self, count: bytes.count)
        for (index, byte) in bytes.enumerated() { unsafe copy[index] = byte }
        return unsafe ProtobufCBinaryData(len: bytes.count, data: copy)
    }
}

/// Tensor frames in the making.
private struct FrameList {
    let isFramed: Bool
    var frames: [[UInt8]] = []

    /// The number of the frame that holds the bytes, or nil when they go into the header.
    mutating func add(_ bytes: [UInt8]) -> UInt32? {
        guard isFramed else { return nil }
        frames.append(bytes)
        return UInt32(frames.count)
    }
}
