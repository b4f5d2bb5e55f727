internal import Calibration
internal import Catalog
internal import Lanes
internal import Messages
internal import Monitoring
internal import Synchronization
internal import Telemetry

/// The calibration of a version that takes truths: the one in use, how its coverage stands, and how it
/// follows.
final class LiveCalibration: Sendable {
    /// Truths after which a new calibration is published.
    static let publishedEvery = 1000
    /// Time after which one is published, if any truth came: nanoseconds.
    static let publishedAfter: UInt64 = 60_000_000_000
    /// Earlier calibrations whose answers are still judged.
    static let keptGenerations = 64
    /// Chance that any bin of an output leaves its band while the calibration is right.
    static let alarmChance = 0.01

    /// What truths are compared with and what they have shown.
    private struct Ledger {
        var entries: [LiveEntry] = []
        /// Largest covered scores by generation: of every entry, table and bin.
        var limits: [Int: [[[ConformalQuantile]]]] = [:]
        /// Coverage since the calibration came into use, by stream: of every entry and table.
        var coverage: [Int: [[RunningCoverage]]] = [:]
        var adaptation: LiveAdaptation
        /// Truths since the last calibration was published.
        var unpublished = 0
        /// Truths of calibrations that could not be kept.
        var unkept = 0
        var publishedAt = MonotonicClock.now()
    }

    private struct InUse {
        var answers: CalibratedAnswers
        /// Counts the calibrations that were in use, from 1.
        var generation: Int
    }

    private let inUse: Mutex<InUse?>
    private let ledger: Mutex<Ledger>
    /// Apart, so that no lane that remembers waits for truths that are learned.
    private let remembered: Mutex<RememberedEvents>
    private let truths: Manifest.Truths
    private let source: ModelSource
    private let running: LoadedCalibration.Running
    private let folder: StateFolder?
    private let streams: StreamTable
    private let metrics: TruthMetrics
    /// Why the last calibration could not be kept, or nil.
    private let problem = Mutex<String?>(nil)

    /// Begins with a calibration that fits; nil where it does not.
    init?(
        _ calibration: LoadedCalibration,
        source: ModelSource,
        truths: Manifest.Truths,
        running: LoadedCalibration.Running,
        folder: StateFolder?,
        streams: StreamTable,
        registry: MetricRegistry
    ) {
        self.source = source
        self.truths = truths
        self.running = running
        self.folder = folder
        self.streams = streams
        metrics = TruthMetrics(registry, source: source)
        inUse = Mutex(nil)
        remembered = Mutex(
            RememberedEvents(
                capacity: truths.remembered,
                width: source.manifest.observations
            )
        )
        ledger = Mutex(
            Ledger(
                adaptation: LiveAdaptation(truths.adaptation, coverage: source.manifest.coverage)
            )
        )
        guard use(calibration) else { return nil }
    }

    /// The answers as they are written now.
    var answers: CalibratedAnswers {
        inUse.withLock { inUse in
            guard let inUse else { preconditionFailure("a calibration is in use from the start") }
            return inUse.answers
        }
    }

    /// The only coverage that intervals have, or nil where any may be asked.
    var onlyCoverage: Double? {
        if case .adaptive = truths.adaptation { source.manifest.coverage } else { nil }
    }

    /// Why a calibration could not be kept, or nil.
    var complaint: String? { problem.withLock { $0 } }

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
            if let row = generations.firstIndex(where: { ledger.limits[$0] == nil }) {
                throw Refusal(
                    .notFound,
                    "the event \(ids[row]) was answered by a calibration that is not known any more",
                    field: "event_ids",
                    row: row
                )
            }
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
        let rows = observations.count / source.manifest.observations
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

    private func change(
        _ body: (inout sending Ledger) throws(Refusal) -> Void
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

    private func learn(
        _ observations: [Observation],
        _ generations: [Int],
        stream: Int,
        _ columns: [[Double]?],
        _ ledger: inout Ledger
    ) throws(Refusal) {
        let width = source.manifest.observations
        var scored: [(row: Int, entry: Int, LiveEntry.Scored)] = []
        for (entry, column) in columns.enumerated() {
            guard let column else { continue }
            for (row, truth) in column.enumerated() {
                let observed = observations[row * width..<(row + 1) * width]
                switch ledger.entries[entry].scored(observed, truth: truth) {
                case .success(let one):
                    scored.append((row, entry, one))
                case .failure(let wrong):
                    throw Refusal(
                        .invalid,
                        wrong.reason,
                        field: "truths.\(ledger.entries[entry].uncertainty.truth)",
                        row: row
                    )
                }
            }
        }
        // Nothing can be refused any more.
        var coverage = ledger.coverage[stream] ?? Self.begin(ledger.entries, source.manifest)
        for (row, entry, one) in scored {
            guard let limits = ledger.limits[generations[row]] else { continue }
            let isCovered = one.isCovered(limits[entry][one.table][one.cell])
            coverage[entry][one.table].learn(bin: one.cell, isCovered: isCovered)
            ledger.adaptation.learn(entry, ledger.entries[entry], one)
            metrics.count(
                output: ledger.entries[entry].tables[one.table].name,
                stream: streams.name(stream),
                isCovered: isCovered
            )
        }
        ledger.coverage[stream] = coverage
        ledger.unpublished += columns.lazy.compactMap { $0?.count }.max() ?? 0
    }

    private static func begin(
        _ entries: [LiveEntry],
        _ manifest: Manifest
    ) -> [[RunningCoverage]] {
        entries.map { entry in
            entry.tables.map { table in
                RunningCoverage(coverage: manifest.coverage, calibrationEvents: table.events)
            }
        }
    }

    // MARK: Publishing

    /// When the next calibration is due, or nil while there is nothing to publish.
    func due() -> UInt64? {
        guard truths.adaptation != .none else { return nil }
        return ledger.withLock { ledger in
            if ledger.unpublished == 0 { return nil }
            return ledger.unpublished >= Self.publishedEvery
                ? 0 : ledger.publishedAt + Self.publishedAfter
        }
    }

    /// Publishes a calibration if one is due: keeps it, then uses it.
    func publish(now: UInt64) {
        guard let due = due(), due <= now, let folder else { return }
        let parent = answers.calibration
        let made = ledger.withLock { ledger in
            ledger.publishedAt = now
            let file = ledger.adaptation.calibration(
                of: parent.file,
                id: parent.id,
                entries: ledger.entries,
                truths: ledger.unpublished + ledger.unkept
            )
            ledger.unkept += ledger.unpublished
            ledger.unpublished = 0
            return file
        }
        do throws(FileFailure) {
            let bytes = made.json()
            let loaded = try load(bytes, name: "learned")
            try folder.keep(bytes, id: loaded.id)
            try folder.use(.init(id: loaded.id, date: made.date))
            guard use(loaded) else {
                throw FileFailure(path: folder.path, message: "a learned calibration does not fit")
            }
            ledger.withLock { $0.unkept = 0 }
            metrics.published.add(1)
            problem.withLock { $0 = nil }
        } catch {
            // What was in use goes on; the truths are learned, and the next one holds them.
            problem.withLock { $0 = "\(error)" }
        }
    }

    private func load(_ bytes: [UInt8], name: String) throws(FileFailure) -> LoadedCalibration {
        let candidate = ModelSource.CalibrationSource(
            path: name,
            bytes: bytes
        )
        switch LoadedCalibration.load(candidate, source, running) {
        case .success(let loaded): return loaded
        case .failure(let absence): throw FileFailure(path: name, message: absence.reason)
        }
    }

    /// Answers by a calibration from now on; false where it does not fit.
    private func use(_ calibration: LoadedCalibration) -> Bool {
        let generation = (inUse.withLock { $0?.generation } ?? 0) + 1
        var first = 0
        var entries: [LiveEntry] = []
        for uncertainty in source.manifest.uncertainty {
            guard
                let output = calibration.file.outputs.first(where: {
                    $0.output == uncertainty.output
                })
            else { return false }
            entries.append(
                LiveEntry(uncertainty: uncertainty, calibration: output, first: first)
            )
            first += uncertainty.observations
        }
        let planner = AnswerPlanner(
            manifest: source.manifest,
            rawProvenance: LoadedCalibration.provenance(
                source,
                running: running,
                file: nil,
                id: nil
            ),
            calibration: calibration,
            observer: (self, generation)
        )
        guard let answers = CalibratedAnswers(calibration, planner: planner) else { return false }
        ledger.withLock { ledger in
            let coverage = source.manifest.coverage
            ledger.entries = entries
            ledger.limits[generation] = entries.map { $0.limits(coverage: coverage) }
            ledger.limits[generation - Self.keptGenerations] = nil
            ledger.coverage = [:]
            ledger.adaptation.begin(with: entries)
        }
        inUse.withLock { $0 = InUse(answers: answers, generation: generation) }
        return true
    }

    // MARK: Listing and choosing

    /// Every calibration that fits, oldest first: those beside the artefact and those learned.
    func list() throws(FileFailure) -> [CalibrationState] {
        let used = answers.calibration.id
        var states: [CalibrationState] = []
        for candidate in source.calibrations + (try folder?.sources() ?? []) {
            guard case .success(let loaded) = LoadedCalibration.load(candidate, source, running)
            else { continue }
            states.append(
                CalibrationState(
                    id: loaded.id,
                    date: loaded.file.date,
                    parent: loaded.file.parent ?? "",
                    truths: loaded.file.truths,
                    events: loaded.file.events,
                    isInUse: loaded.id == used
                )
            )
        }
        return states
    }

    /// Answers by the calibration of an id from now on, and after a restart.
    func choose(_ id: String) throws(Refusal) {
        do throws(FileFailure) {
            for candidate in source.calibrations + (try folder?.sources() ?? []) {
                guard
                    case .success(let loaded) = LoadedCalibration.load(candidate, source, running),
                    loaded.id == id
                else { continue }
                try folder?.use(.init(id: id, date: Timestamp.now()))
                guard use(loaded) else { break }
                ledger.withLock { ledger in
                    ledger.unpublished = 0
                    ledger.unkept = 0
                }
                return
            }
        } catch {
            throw Refusal(.internal, "the choice could not be kept: \(error)")
        }
        throw Refusal(
            .notFound,
            "model '\(source.manifest.name)' has no calibration '\(id)' that fits: see 'vigil calibrations'",
            field: "use"
        )
    }

    /// How coverage stands, bin by bin and stream by stream, since the calibration came into use.
    func standing() -> [CoverageStanding] {
        let isBand = truths.adaptation == .none || answers.calibration.file.parent == nil
        return ledger.withLock { ledger in
            ledger.coverage.keys.sorted().flatMap { stream in
                (ledger.coverage[stream] ?? []).enumerated().flatMap { entry, tables in
                    tables.enumerated().flatMap { table, running in
                        Self.standing(
                            running,
                            of: ledger.entries[entry].tables[table],
                            stream: streams.name(stream),
                            isBand: isBand
                        )
                    }
                }
            }
        }
    }

    private static func standing(
        _ running: RunningCoverage,
        of table: LiveTable,
        stream: String,
        isBand: Bool
    ) -> [CoverageStanding] {
        let level = 1 - alarmChance
        return running.events.indices.filter { running.events[$0] > 0 }.map { bin in
            let cell = 1 - (1 - level) / Double(running.events.count)
            let band = isBand ? running.band(bin: bin, level: cell) : (low: .nan, high: .nan)
            return CoverageStanding(
                output: table.name,
                stream: stream,
                bin: table.bins.label(bin),
                coverage: running.coverage,
                events: running.events[bin],
                covered: running.covered[bin],
                low: band.low,
                high: band.high,
                standing: isBand ? running.standing(bin: bin, level: level).rawValue : "adapted"
            )
        }
    }
}
