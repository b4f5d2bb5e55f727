internal import Catalog
internal import Lanes
internal import Messages
internal import Tensors

/// Scores labelled events through a version's own queue, and gives what was observed of them.
@safe
final class TruthScorer: @unchecked Sendable {
    // Safe because only the thread of its lane uses it, and the service outlives that.
    private unowned let service: ModelService
    private let scorer: InProcessScorer
    /// Some kilobytes, refilled for each call.
    private let request: UnsafeMutablePointer<ScoreRequest>

    init(_ service: ModelService, bell: Bell) {
        self.service = service
        scorer = InProcessScorer(service, bell: bell)
        unsafe request = .allocate(capacity: 1)
        unsafe request.initialize(to: ScoreRequest())
    }

    deinit {
        unsafe request.deinitialize(count: 1)
        unsafe request.deallocate()
    }

    var manifest: Manifest { service.source.manifest }

    /// Observations of every event, all outputs of one after the other, and the number of the stream.
    func score(_ call: TruthCall) throws(Refusal) -> (observations: [Observation], stream: Int) {
        let lent = LentCall(call)
        // The flight points into it until it is done.
        defer { withExtendedLifetime(lent) {} }
        try unsafe lent.fill(&request.pointee)
        var observed: UnsafeMutablePointer<Observation>?
        defer { unsafe observed?.deallocate() }
        var count = 0
        let stream = unsafe try scorer.run(
            until: MonotonicClock.now() + TruthLane.patienceNanoseconds
        ) { flight throws(Refusal) in
            unsafe try RequestCheck(.passUnretained(service)).fill(flight, from: request.pointee)
            count = unsafe flight.pointee.rows * manifest.observations
            let memory = UnsafeMutablePointer<Observation>.allocate(capacity: count)
            unsafe memory.initialize(repeating: Observation(), count: count)
            unsafe observed = unsafe memory
            unsafe flight.pointee.observations = unsafe memory
        } read: { flight in
            unsafe flight.pointee.observations = nil
            return unsafe flight.pointee.stream
        }
        return (unsafe Array(UnsafeBufferPointer(start: observed, count: count)), stream)
    }
}

/// The tensors of a call as a request lends them.
@safe
private final class LentCall {
    private let call: TruthCall
    /// Bytes of the inputs, then of the columns.
    private var blocks: [UnsafeMutableRawPointer] = unsafe []
    private var texts: [OwnedText] = []

    init(_ call: TruthCall) { self.call = call }

    deinit { for index in unsafe blocks.indices { unsafe blocks[index].deallocate() } }

    /// Makes `request` ask for the call's events.
    func fill(_ request: inout ScoreRequest) throws(Refusal) {
        guard call.inputs.count <= ScoreRequest.maximumInputs,
            call.columns.count <= ScoreRequest.maximumColumns
        else {
            throw Refusal(
                .invalid,
                "found \(call.inputs.count) inputs and \(call.columns.count) columns, allowed are \(ScoreRequest.maximumInputs) and \(ScoreRequest.maximumColumns)",
                field: "inputs"
            )
        }
        request.model = lent(call.model)
        request.version = nil
        request.stream = lent(call.stream)
        request.priority = .bulk
        request.coverage = nil
        request.prior = nil
        request.isRaw = false
        request.outputCount = 0
        request.seed = call.seed ?? 0
        request.hasEventIds = call.eventIds != nil
        if let ids = call.eventIds { request.eventIds = try tensor(ids, "event_ids") }
        request.wantsAttributions = false
        request.inputCount = call.inputs.count
        for (index, tensor) in call.inputs.enumerated() {
            request.inputs[index] = try self.tensor(tensor, "inputs[\(index)]")
        }
        request.columnCount = call.columns.count
        for (index, tensor) in call.columns.enumerated() {
            request.columns[index] = try self.tensor(tensor, "columns[\(index)]")
        }
    }

    private func tensor(_ value: TensorValue, _ field: String) throws(Refusal) -> LentTensor {
        guard value.shape.count <= LentTensor.maximumRank else {
            throw Refusal(
                .invalid,
                "found \(value.shape.count) dimensions, allowed are \(LentTensor.maximumRank)",
                field: "\(field).shape"
            )
        }
        var tensor = LentTensor()
        tensor.name = lent(value.name)
        tensor.type = value.type
        tensor.rank = value.shape.count
        for (axis, size) in value.shape.enumerated() { tensor.dimensions[axis] = size }
        unsafe tensor.base = UnsafeRawPointer(copy(value.bytes))
        tensor.byteCount = value.bytes.count
        if let splits = value.rowSplits {
            let bytes = unsafe splits.withUnsafeBytes { unsafe [UInt8]($0) }
            unsafe tensor.splits = UnsafeRawPointer(copy(bytes))
            tensor.splitsByteCount = bytes.count
        }
        return tensor
    }

    private func lent(_ text: String) -> LentText {
        texts.append(OwnedText(text))
        return texts[texts.count - 1].lent
    }

    private func copy(_ bytes: [UInt8]) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
        unsafe block.copyMemory(from: bytes, byteCount: bytes.count)
        unsafe blocks.append(block)
        return unsafe block
    }
}
