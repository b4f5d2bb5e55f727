internal import Calibration
internal import Messages
internal import Monitoring

/// How often answers held the truths of one stream, since a calibration came into use.
struct StreamCoverage {
    /// Chance that any bin of an output leaves its band while the calibration is right.
    static let alarmChance = 0.01

    private struct Table {
        var running: RunningCoverage
        /// Made when its first truth comes.
        var counts: TruthMetrics.Counts?
    }

    private let stream: String
    private let metrics: TruthMetrics
    private let entries: [LiveEntry]
    private let regions: [LiveRegion]
    /// Of every entry and table.
    private var tables: [[Table]]
    /// Of every region and coverage.
    private var levels: [[RunningCoverage]]

    /// Begins without truths.
    init(
        stream: String,
        entries: [LiveEntry],
        regions: [LiveRegion],
        coverage: Double,
        metrics: TruthMetrics
    ) {
        self.stream = stream
        self.metrics = metrics
        self.entries = entries
        self.regions = regions
        levels = regions.map(\.running)
        tables = entries.map { entry in
            entry.tables.map { table in
                Table(running: table.running(coverage: coverage))
            }
        }
    }

    /// Takes in a truth of an entry.
    mutating func learn(_ entry: Int, _ one: LiveEntry.Scored, isCovered: Bool) {
        tables[entry][one.table].running.learn(bin: one.cell, isCovered: isCovered)
        let counts =
            tables[entry][one.table].counts
            ?? metrics.counts(output: entries[entry].tables[one.table].name, stream: stream)
        tables[entry][one.table].counts = counts
        counts.add(isCovered: isCovered)
    }

    /// Takes in both truths of a region, by whether the ellipse of each coverage held them.
    mutating func learn(region: Int, cell: Int, covers: [Bool]) {
        for (level, isCovered) in covers.enumerated() {
            levels[region][level].learn(bin: cell, isCovered: isCovered)
        }
    }

    /// Bins that truths came for; without bands where no law holds.
    func standing(hasBands: Bool) -> [CoverageStanding] {
        var found: [CoverageStanding] = []
        for (entry, tables) in zip(entries, tables) {
            for (table, own) in zip(entry.tables, tables) {
                found += standing(own.running, table.name, table.bins, hasBands: hasBands)
            }
        }
        for (region, levels) in zip(regions, levels) {
            for running in levels {
                found += standing(running, region.name, region.ellipses.bins, hasBands: hasBands)
            }
        }
        return found
    }

    private func standing(
        _ running: RunningCoverage,
        _ name: String,
        _ bins: MondrianGrid,
        hasBands: Bool
    ) -> [CoverageStanding] {
        let level = 1 - Self.alarmChance
        return running.events.indices.filter { running.events[$0] > 0 }.map { bin in
            let cell = 1 - (1 - level) / Double(running.events.count)
            let band = hasBands ? running.band(bin: bin, level: cell) : (low: .nan, high: .nan)
            return CoverageStanding(
                output: name,
                stream: stream,
                bin: bins.label(bin),
                coverage: running.coverage,
                events: running.events[bin],
                covered: running.covered[bin],
                low: band.low,
                high: band.high,
                standing: hasBands
                    ? running.standing(bin: bin, level: level).rawValue : "adapted"
            )
        }
    }
}
