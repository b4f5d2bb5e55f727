internal import Calibration
internal import Catalog
internal import Lanes
internal import Messages

/// What truths of one version are compared with, what they have shown, and what they are made into.
struct TruthLedger {
    /// Earlier calibrations whose answers are still judged.
    static let keptGenerations = 64
    /// Truths after which a new calibration is due.
    static let publishedEvery = 1000
    /// Time after which one is, if any truth came: nanoseconds.
    static let publishedAfter: UInt64 = 60_000_000_000

    private let manifest: Manifest
    private let metrics: TruthMetrics
    private var entries: [LiveEntry] = []
    private var regions: [LiveRegion] = []
    /// What earlier calibrations and this one answered by, by generation.
    private var limits: [Int: Limits] = [:]
    /// Since the calibration came into use, by the number of the stream.
    private var coverage: [Int: StreamCoverage] = [:]
    private var adaptation: LiveAdaptation
    /// Truths since the last calibration was made.
    private var unpublished = 0
    /// Truths of calibrations that could not be kept.
    private var unkept = 0
    private var publishedAt = MonotonicClock.now()

    private struct Limits {
        /// Largest covered scores of every entry, table and bin.
        let entries: [[[ConformalQuantile]]]
        let regions: [LiveRegion.Limits]
    }

    init(manifest: Manifest, truths: Manifest.Truths, metrics: TruthMetrics) {
        self.manifest = manifest
        self.metrics = metrics
        adaptation = LiveAdaptation(truths.adaptation, coverage: manifest.coverage)
    }

    /// Goes on with the calibration of a number, whose coverage begins anew.
    mutating func begin(_ entries: [LiveEntry], _ regions: [LiveRegion], generation: Int) {
        self.entries = entries
        self.regions = regions
        limits[generation] = Limits(
            entries: entries.map { $0.limits(coverage: manifest.coverage) },
            regions: regions.map(\.limits)
        )
        limits[generation - Self.keptGenerations] = nil
        coverage = [:]
        adaptation.begin(with: entries, regions)
    }

    // MARK: Learning

    /// Takes truths of events, by uncertainty entry: all, or none and why.
    ///
    /// Observations are all of one event after the other; a generation an event.
    mutating func learn(
        _ observations: [Observation],
        _ generations: [Int],
        stream: (number: Int, name: String),
        truths columns: [[Double]?]
    ) throws(Refusal) {
        let scored = try scored(observations, columns)
        let width = manifest.observations
        // Nothing can be refused any more.
        var coverage =
            coverage[stream.number]
            ?? StreamCoverage(
                stream: stream.name,
                entries: entries,
                regions: regions,
                coverage: manifest.coverage,
                metrics: metrics
            )
        for (row, entry, one) in scored {
            guard let limits = limits[generations[row]] else { continue }
            let isCovered = one.isCovered(limits.entries[entry][one.table][one.cell])
            coverage.learn(entry, one, isCovered: isCovered)
            adaptation.learn(entry, entries[entry], one)
        }
        for (index, region) in regions.enumerated() {
            guard let first = columns[region.entries.first],
                let second = columns[region.entries.second]
            else { continue }
            for row in first.indices {
                guard let limits = limits[generations[row]] else { continue }
                let one = region.scored(
                    observations[row * width..<(row + 1) * width],
                    first: first[row],
                    second: second[row]
                )
                let covers = limits.regions[index].covers(one)
                coverage.learn(region: index, cell: one.cell, covers: covers)
                adaptation.learn(region: index, one)
            }
        }
        self.coverage[stream.number] = coverage
        unpublished += columns.lazy.compactMap { $0?.count }.max() ?? 0
    }

    /// Refuses events that a calibration answered which is not known any more.
    func checkKnown(_ generations: [Int], ids: [UInt64]) throws(Refusal) {
        guard let row = generations.firstIndex(where: { limits[$0] == nil }) else { return }
        throw Refusal(
            .notFound,
            "the event \(ids[row]) was answered by a calibration that is not known any more",
            field: "event_ids",
            row: row
        )
    }

    private func scored(
        _ observations: [Observation],
        _ columns: [[Double]?]
    ) throws(Refusal) -> [(row: Int, entry: Int, one: LiveEntry.Scored)] {
        let width = manifest.observations
        var scored: [(row: Int, entry: Int, one: LiveEntry.Scored)] = []
        for (entry, column) in columns.enumerated() {
            guard let column else { continue }
            for (row, truth) in column.enumerated() {
                let observed = observations[row * width..<(row + 1) * width]
                switch entries[entry].scored(observed, truth: truth) {
                case .success(let one):
                    scored.append((row, entry, one))
                case .failure(let wrong):
                    throw Refusal(
                        .invalid,
                        wrong.reason,
                        field: "truths.\(entries[entry].uncertainty.truth)",
                        row: row
                    )
                }
            }
        }
        return scored
    }

    // MARK: Publishing

    /// When the next calibration is due, or nil while there is nothing to make one of.
    var due: UInt64? {
        guard unpublished > 0 else { return nil }
        return unpublished >= Self.publishedEvery ? 0 : publishedAt + Self.publishedAfter
    }

    /// The calibration that the truths make of the one in use.
    mutating func make(of parent: LoadedCalibration, now: UInt64) -> CalibrationFile {
        unkept += unpublished
        unpublished = 0
        publishedAt = now
        return adaptation.calibration(
            of: parent.file,
            id: parent.id,
            entries: entries,
            regions: regions,
            truths: unkept
        )
    }

    /// The calibration that was made is kept.
    mutating func wasKept() { unkept = 0 }

    /// Another calibration was chosen: no truth waits to be made into one.
    mutating func forget() { (unpublished, unkept) = (0, 0) }

    // MARK: Standing

    /// How coverage stands, stream by stream and bin by bin; without bands where no law holds.
    func standing(hasBands: Bool) -> [CoverageStanding] {
        coverage.keys.sorted().flatMap { coverage[$0]?.standing(hasBands: hasBands) ?? [] }
    }
}
