internal import Calibration
internal import Catalog
internal import Messages
internal import Synchronization
internal import Telemetry

/// The calibration of a version that takes truths: the one in use, how its coverage stands, and how it
/// follows.
final class LiveCalibration: Sendable {
    private struct InUse {
        var answers: CalibratedAnswers
        /// Counts the calibrations that were in use, from 1.
        var generation: Int
    }

    private let inUse: Mutex<InUse?>
    private let ledger: Mutex<TruthLedger>
    /// Apart, so that no lane that remembers waits for truths that are learned.
    private let remembered: Mutex<RememberedEvents>
    private let truths: Manifest.Truths
    private let store: CalibrationStore
    private let streams: StreamTable
    private let metrics: TruthMetrics
    /// Why the last calibration could not be kept, or nil.
    private let problem = Mutex<String?>(nil)

    /// Begins with a calibration that fits; nil where it does not.
    init?(
        _ calibration: LoadedCalibration,
        store: CalibrationStore,
        truths: Manifest.Truths,
        streams: StreamTable,
        registry: MetricRegistry
    ) {
        let manifest = store.source.manifest
        self.store = store
        self.truths = truths
        self.streams = streams
        metrics = TruthMetrics(registry, source: store.source)
        inUse = Mutex(nil)
        remembered = Mutex(
            RememberedEvents(capacity: truths.remembered, width: manifest.observations)
        )
        ledger = Mutex(TruthLedger(manifest: manifest, truths: truths, metrics: metrics))
        guard use(calibration) else { return nil }
    }

    private var manifest: Manifest { store.source.manifest }

    /// The answers as they are written now.
    var answers: CalibratedAnswers {
        inUse.withLock { inUse in
            guard let inUse else { preconditionFailure("a calibration is in use from the start") }
            return inUse.answers
        }
    }

    /// The only coverage that answers have, or nil where any may be asked.
    var onlyCoverage: Double? {
        if case .adaptive = truths.adaptation { manifest.coverage } else { nil }
    }

    /// Why a calibration could not be kept, or nil.
    var complaint: String? { problem.withLock { $0 } }

    /// Answers by a calibration from now on; false where it does not fit.
    private func use(_ calibration: LoadedCalibration) -> Bool {
        let generation = (inUse.withLock { $0?.generation } ?? 0) + 1
        let planner = AnswerPlanner(
            manifest: manifest,
            rawProvenance: LoadedCalibration.provenance(
                store.source,
                running: store.running,
                file: nil,
                id: nil
            ),
            calibration: calibration,
            observer: (self, generation)
        )
        guard let entries = LiveEntry.all(manifest, calibration.file),
            let regions = LiveRegion.all(manifest, calibration.file, entries: entries),
            let answers = CalibratedAnswers(calibration, planner: planner)
        else { return false }
        ledger.withLock { $0.begin(entries, regions, generation: generation) }
        inUse.withLock { $0 = InUse(answers: answers, generation: generation) }
        return true
    }

    // MARK: Observing

    /// Remembers events that were scored with ids, one after the other at `ids`.
    func remember(
        ids: UnsafeRawPointer,
        stream: Int,
        generation: Int,
        _ observed: UnsafeBufferPointer<Observation>,
        width: Int
    ) {
        remembered.withLock { remembered in
            for row in 0..<observed.count / width {
                unsafe remembered.insert(
                    id: ids.loadUnaligned(fromByteOffset: row * 8, as: UInt64.self),
                    stream: stream,
                    generation: generation,
                    UnsafeBufferPointer(rebasing: observed[row * width..<(row + 1) * width])
                )
            }
        }
    }

    // MARK: Learning

    /// Takes truths of events that were scored before: all, or none and why.
    func learn(
        ids: [UInt64],
        stream: String,
        truths columns: [[Double]?]
    ) throws(Refusal) {
        guard let number = streams.known(stream) else {
            throw Refusal(
                .notFound,
                "no event of the stream '\(stream)' was scored yet",
                field: "stream"
            )
        }
        let (observations, generations) = try find(ids, stream: number)
        try change { ledger throws(Refusal) in
            try ledger.checkKnown(generations, ids: ids)
            try learn(observations, generations, stream: number, columns, &ledger)
        }
    }

    /// What was observed of events, all outputs of one after the other, and the numbers of the
    /// calibrations that answered them.
    private func find(
        _ ids: [UInt64],
        stream: Int
    ) throws(Refusal) -> (observations: [Observation], generations: [Int]) {
        var observations: [Observation] = []
        var generations: [Int] = []
        let (missing, count) = remembered.withLock { remembered -> (Int?, Int) in
            for (row, id) in ids.enumerated() {
                guard let found = remembered.find(id: id, stream: stream) else {
                    return (row, remembered.count)
                }
                observations += found.observations
                generations.append(found.generation)
            }
            return (nil, remembered.count)
        }
        if let missing {
            throw Refusal(
                .notFound,
                "the event \(ids[missing]) is none of the last \(count) that were scored with an id in the stream '\(streams.name(stream))'",
                field: "event_ids",
                row: missing
            )
        }
        return (observations, generations)
    }

    /// Takes truths of events that were scored for it: all, or none and why.
    func learn(
        _ observations: [Observation],
        stream: Int,
        truths columns: [[Double]?]
    ) throws(Refusal) {
        let generation = inUse.withLock { $0?.generation ?? 0 }
        let rows = observations.count / manifest.observations
        try change { ledger throws(Refusal) in
            try learn(
                observations,
                Array(repeating: generation, count: rows),
                stream: stream,
                columns,
                &ledger
            )
        }
    }

    private func learn(
        _ observations: [Observation],
        _ generations: [Int],
        stream: Int,
        _ columns: [[Double]?],
        _ ledger: inout TruthLedger
    ) throws(Refusal) {
        try ledger.learn(
            observations,
            generations,
            stream: (stream, streams.name(stream)),
            truths: columns
        )
    }

    private func change(
        _ body: (inout sending TruthLedger) throws(Refusal) -> Void
    ) throws(Refusal) {
        let outcome: Result<Void, Refusal> = ledger.withLock { ledger in
            do throws(Refusal) {
                try body(&ledger)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    // MARK: Publishing

    /// When the next calibration is due, or nil while there is nothing to publish.
    func due() -> UInt64? {
        truths.adaptation == .none ? nil : ledger.withLock { $0.due }
    }

    /// Publishes a calibration if one is due: keeps it, then uses it.
    func publish(now: UInt64) {
        guard let due = due(), due <= now, let folder = store.folder else { return }
        let parent = answers.calibration
        let made = ledger.withLock { $0.make(of: parent, now: now) }
        do throws(FileFailure) {
            guard use(try store.keep(made, in: folder)) else {
                throw FileFailure(path: folder.path, message: "a learned calibration does not fit")
            }
            ledger.withLock { $0.wasKept() }
            metrics.published.add(1)
            problem.withLock { $0 = nil }
        } catch {
            // What was in use goes on; the truths are learned, and the next one holds them.
            problem.withLock { $0 = "\(error)" }
        }
    }

    // MARK: Listing and choosing

    /// Every calibration that fits, oldest first: those beside the artefact and those learned.
    func list() throws(FileFailure) -> [CalibrationState] {
        try store.states(inUse: answers.calibration.id)
    }

    /// Answers by the calibration of an id from now on, and after a restart.
    func choose(_ id: String) throws(Refusal) {
        do throws(FileFailure) {
            if let chosen = try store.find(id) {
                try store.choose(id)
                if use(chosen) { return ledger.withLock { $0.forget() } }
            }
        } catch {
            throw Refusal(.internal, "the choice could not be kept: \(error)")
        }
        throw Refusal(
            .notFound,
            "model '\(manifest.name)' has no calibration '\(id)' that fits: see 'vigil calibrations'",
            field: "use"
        )
    }

    /// How coverage stands, bin by bin and stream by stream, since the calibration came into use.
    func standing() -> [CoverageStanding] {
        let hasBands = truths.adaptation == .none || answers.calibration.file.parent == nil
        return ledger.withLock { $0.standing(hasBands: hasBands) }
    }
}
