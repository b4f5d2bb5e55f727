internal import Execution
internal import Messages
internal import Telemetry

/// Runs micro-batches on one engine instance: brings rows together, runs the shapes of the plan,
/// writes the answers.
///
/// Used by one thread at a time.
@safe
struct BatchRunner {
    let plan: MicroBatchPlan
    /// The rows of the next micro-batch; kept afterwards, for whoever counts them as done.
    var segments: [BatchQueues.Segment] = []
    private let batcher: Batcher
    private let gather: InputGather
    private let instance: any EngineInstance
    private let inputNames: [String]
    /// Whether runs tell which device answered.
    private let hasDevices: Bool
    /// Whether runs tell which rows were out of range.
    private let hasRange: Bool
    private let loss: DeviceLoss
    private let metrics: ModelMetrics
    /// Counts watched values; nil where none are.
    private let drift: Unmanaged<DriftLane>?
    private var piece: [BatchQueues.Segment] = []
    private var flagged: [Int] = []

    init(
        batcher: Batcher,
        plan: MicroBatchPlan,
        gather: InputGather,
        instance: any EngineInstance,
        inputNames: [String],
        hasDevices: Bool,
        hasRange: Bool,
        loss: DeviceLoss,
        metrics: ModelMetrics,
        drift: Unmanaged<DriftLane>?
    ) {
        self.batcher = batcher
        self.plan = plan
        self.gather = gather
        self.instance = instance
        self.inputNames = inputNames
        self.hasDevices = hasDevices
        self.hasRange = hasRange
        self.loss = loss
        self.metrics = metrics
        unsafe self.drift = unsafe drift
        segments.reserveCapacity(plan.bestRows)
        piece.reserveCapacity(plan.bestRows)
        flagged.reserveCapacity(plan.bestRows)
    }

    /// Makes the engine ready for the calling thread, before it answers requests.
    func prepare() {
        // What fails here fails again in the first run, which tells its requests.
        try? instance.prepare()
    }

    /// Runs the segments, cut into the shapes of the plan.
    mutating func run(rows: Int) {
        metrics.microBatchRows.record(UInt64(rows))
        var left = rows
        var segment = 0
        var taken = 0
        while left > 0 {
            let shape = plan.shape(for: left)
            piece.removeAll(keepingCapacity: true)
            var count = 0
            while count < shape, segment < segments.count {
                var part = segments[segment]
                part.firstRow += taken
                part.rows = min(part.rows - taken, shape - count)
                piece.append(part)
                count += part.rows
                taken += part.rows
                if taken == segments[segment].rows {
                    segment += 1
                    taken = 0
                }
            }
            run(pieceShape: shape)
            left -= count
        }
    }

    /// Refuses a flight for its first row with a value that is not allowed, which one of the
    /// segment's is or comes after; the row named is the same whatever other workers find.
    private func refuse(_ segment: BatchQueues.Segment) {
        guard let found = gather.refusedRow(upTo: segment) else { return }
        batcher.refuse(
            segment,
            Refusal(
                .invalid,
                "a value of input '\(inputNames[found.input])' is not finite, allowed are finite values",
                field: "inputs[\(found.input)]",
                row: found.row
            )
        )
    }

    private func refuse(_ part: BatchQueues.Segment, lost failure: EngineFailure) {
        metrics.engineFailures.add(1)
        batcher.refuse(
            part,
            Refusal(
                .unavailable,
                "the device is lost: \(failure)",
                retryAfterMicroseconds: Admission.retryMicroseconds
            )
        )
    }

    private mutating func run(pieceShape shape: Int) {
        do {
            try runOnce(piece, shape: shape)
        } catch  where error.isDeviceLost {
            loss.tell(error)
            for part in piece { refuse(part, lost: error) }
        } catch {
            // One request's failure must not be its neighbours': each runs again alone.
            for position in piece.indices {
                let part = piece[position]
                do {
                    try runOnce([part], shape: shape)
                } catch {
                    metrics.engineFailures.add(1)
                    batcher.refuse(
                        part,
                        Refusal(.internal, "the engine failed: \(error)")
                    )
                }
            }
        }
    }

    /// Puts down what the last run tells beside its outputs.
    @inline(never)
    private func tell(_ parts: [BatchQueues.Segment]) {
        let device = hasDevices ? instance.answeredBy : 0
        let outOfRange = hasRange ? instance.rowsOutOfRange : []
        var position = 0
        for part in parts {
            if hasDevices { batcher.note(part, answeredBy: device) }
            if !outOfRange.isEmpty, let plan = unsafe part.flight.pointee.plan {
                let mask = unsafe plan._withUnsafeGuaranteedRef { plan in
                    plan.flagOutOfRange(part, position: position, positions: outOfRange)
                }
                if mask != 0 { batcher.flag(part, outputs: mask) }
            }
            position += part.rows
        }
    }

    private mutating func runOnce(
        _ parts: [BatchQueues.Segment],
        shape: Int
    ) throws(EngineFailure) {
        flagged.removeAll(keepingCapacity: true)
        if parts.count == 1, parts[0].rows == shape,
            let lent = unsafe gather.lent(parts[0])
        {
            try unsafe instance.run(rows: shape, lentInput: lent)
        } else {
            var position = 0
            for index in parts.indices {
                let part = parts[index]
                if !gather.copy(part, to: position, of: instance, flagged: &flagged) {
                    refuse(part)
                }
                position += parts[index].rows
            }
            gather.pad(from: position, to: shape, of: instance)
            try instance.run(rows: shape)
        }
        let outputs = RawOutputs(instance: instance)
        var position = 0
        for index in parts.indices {
            let part = parts[index]
            if let plan = unsafe part.flight.pointee.plan {
                let mask = unsafe plan._withUnsafeGuaranteedRef { plan in
                    plan.write(part, position: position, outputs: outputs, flagged: flagged)
                }
                if mask != 0 { batcher.flag(part, outputs: mask) }
            }
            position += part.rows
        }
        if hasDevices || hasRange { tell(parts) }
        if let drift = unsafe drift {
            unsafe drift._withUnsafeGuaranteedRef { lane in
                lane.count(parts, outputs: outputs, flagged: flagged)
            }
        }
    }
}
