internal import Catalog
internal import Lanes
internal import Messages
internal import Synchronization
internal import Tensors

/// The thread that takes the truths of one version, scores labelled events for them, and publishes what
/// they make of its calibration.
///
/// Its events go through the version's own queue at BULK priority, so that nobody waits for them.
final class TruthLane: Sendable {
    /// Calls that wait at most; one more is refused.
    static let capacity = 64
    /// Longest wait for labelled events to be scored, nanoseconds.
    static let patienceNanoseconds: UInt64 = 60_000_000_000

    private struct Waiting: Sendable {
        let call: TruthCall
        let answer: @Sendable (Result<TruthAnswer, Refusal>) -> Void
    }

    private let calls: Mailbox<Waiting>
    private let bell: Bell
    private let stopping = Atomic<Bool>(false)
    private let live: LiveCalibration
    private let thread = Mutex<LaneThread?>(nil)

    /// Begins to take truths of `service`, which must end it.
    init(_ service: ModelService, live: LiveCalibration) throws(LoadFailure) {
        do {
            let bell = try Bell()
            self.bell = bell
            self.live = live
            calls = Mailbox(capacity: Self.capacity, bell: bell)
            let scorer = TruthScorer(service, bell: bell)
            let name = "\(service.source.manifest.name.prefix(9))-truth"
            let started = try LaneThread(name: name) { [self] in loop(scorer) }
            thread.withLock { $0 = started }
        } catch {
            throw LoadFailure("starting lanes: \(error)")
        }
    }

    /// Takes truths; `answer` is called once, on another thread.
    func take(
        _ call: TruthCall,
        answer: @escaping @Sendable (Result<TruthAnswer, Refusal>) -> Void
    ) {
        guard !stopping.load(ordering: .acquiring), calls.put(Waiting(call: call, answer: answer))
        else {
            return answer(
                .failure(
                    Refusal(
                        .overloaded,
                        "\(Self.capacity) truths wait, allowed are \(Self.capacity)",
                        retryAfterMicroseconds: 100_000
                    )
                )
            )
        }
    }

    /// Publishes what came, refuses what waits, and ends.
    ///
    /// Blocks until then; the version's workers must still run.
    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    private func loop(_ scorer: TruthScorer) {
        while true {
            for waiting in calls.takeAll() { answer(waiting, scorer) }
            live.publish(now: MonotonicClock.now())
            if stopping.load(ordering: .acquiring), calls.isEmpty { return }
            bell.prepareToSleep()
            if calls.isEmpty, !stopping.load(ordering: .acquiring) {
                bell.sleep(nanoseconds: pause())
            } else {
                bell.stayAwake()
            }
        }
    }

    /// Until the next calibration is due; -1 for ever.
    private func pause() -> Int64 {
        guard let due = live.due() else { return -1 }
        let now = MonotonicClock.now()
        return due > now ? Int64(clamping: due - now) : 0
    }

    private func answer(_ waiting: Waiting, _ scorer: TruthScorer) {
        let call = waiting.call
        do throws(Refusal) {
            guard !stopping.load(ordering: .acquiring) else {
                throw Refusal(
                    .unavailable,
                    "the model is being replaced",
                    retryAfterMicroseconds: Admission.retryMicroseconds
                )
            }
            let taken = try TruthCheck(scorer.manifest).check(call)
            if let ids = taken.ids {
                try live.learn(ids: ids, stream: call.stream, truths: taken.columns)
            } else {
                let (observations, stream) = try scorer.score(call)
                let events = observations.count / scorer.manifest.observations
                guard events == taken.rows else {
                    throw Refusal(
                        .invalid,
                        "found \(taken.rows) truths for \(events) events",
                        field: "truths"
                    )
                }
                try live.learn(observations, stream: stream, truths: taken.columns)
            }
            // So that the reply names what the truths have made.
            live.publish(now: MonotonicClock.now())
            var answer = TruthAnswer()
            answer.taken = taken.rows
            answer.calibration = live.answers.calibration.id
            waiting.answer(.success(answer))
        } catch {
            waiting.answer(.failure(error))
        }
    }
}

/// Checks the truths of a call against what the model declares.
struct TruthCheck {
    private let manifest: Manifest

    init(_ manifest: Manifest) { self.manifest = manifest }

    /// The truths by uncertainty entry, nil where none came, and the ids of their events, nil where the
    /// events themselves came; these have ids too where answers are drawn by event.
    func check(
        _ call: TruthCall
    ) throws(Refusal) -> (columns: [[Double]?], ids: [UInt64]?, rows: Int) {
        guard !call.truths.isEmpty else {
            throw Refusal(.invalid, "there are none", field: "truths")
        }
        var columns = [[Double]?](repeating: nil, count: manifest.uncertainty.count)
        let rows = call.truths[0].shape.first ?? 0
        guard rows >= 1, rows <= manifest.requestRows else {
            throw Refusal(
                .invalid,
                "found \(rows) events, allowed are 1 to \(manifest.requestRows)",
                field: "truths[0].shape"
            )
        }
        for (index, truth) in call.truths.enumerated() {
            let entries = manifest.uncertainty.indices.filter {
                manifest.uncertainty[$0].truth == truth.name
            }
            guard let first = entries.first, columns[first] == nil else {
                throw Refusal(
                    .invalid,
                    entries.isEmpty
                        ? "there is no truth '\(truth.name)'" : "'\(truth.name)' stands twice",
                    field: "truths[\(index)].name",
                    near: manifest.uncertainty.map(\.truth)
                )
            }
            let values = try Self.numbers(truth, rows: rows, field: "truths[\(index)]")
            for entry in entries { columns[entry] = values }
        }
        guard call.inputs.isEmpty else {
            let isDrawn = manifest.uncertainty.contains(where: \.isRandomised)
            guard call.eventIds == nil || isDrawn else {
                throw Refusal(.invalid, "both ids and events came", field: "event_ids")
            }
            return (columns, nil, rows)
        }
        guard let ids = call.eventIds else {
            throw Refusal(
                .invalid,
                "neither ids of scored events nor events came with the truths",
                field: "event_ids"
            )
        }
        guard ids.type == .uint64 || ids.type == .int64 else {
            throw Refusal(
                .invalid,
                "found \(ids.type.name), allowed are int64, uint64",
                field: "event_ids.type"
            )
        }
        guard ids.shape == [rows], ids.bytes.count == rows * 8 else {
            throw Refusal(
                .invalid,
                "found \(ids.shape), allowed is [\(rows)]",
                field: "event_ids.shape"
            )
        }
        return (columns, Self.words(ids.bytes), rows)
    }

    private static func numbers(
        _ tensor: TensorValue,
        rows: Int,
        field: String
    ) throws(Refusal) -> [Double] {
        guard tensor.type == .float32 || tensor.type == .float64 else {
            throw Refusal(
                .invalid,
                "found \(tensor.type.name), allowed are float32, float64",
                field: "\(field).type"
            )
        }
        guard tensor.shape == [rows], tensor.bytes.count == rows * tensor.type.byteCount else {
            throw Refusal(
                .invalid,
                "found \(tensor.shape), allowed is [\(rows)]",
                field: "\(field).shape"
            )
        }
        if tensor.type == .float32 { return tensor.floats.map(Double.init) }
        return words(tensor.bytes).map { Double(bitPattern: $0) }
    }

    private static func words(_ bytes: [UInt8]) -> [UInt64] {
        unsafe bytes.withUnsafeBytes { raw in
            (0..<raw.count / 8).map {
                unsafe raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)
            }
        }
    }
}
