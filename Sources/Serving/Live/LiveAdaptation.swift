internal import Calibration
internal import Catalog

/// How the calibration of a version follows its truths.
struct LiveAdaptation {
    /// Truths of a window that make a bin's scores; with fewer it keeps those it has.
    static let fewestInBin = 100
    /// Truths of each class of a window that make a binary score's probabilities.
    static let fewestOfClass = 1000

    private let kind: Manifest.Truths.Adaptation
    private let coverage: Double
    /// Levels of each entry's tables, as they move; none where they do not.
    private var levels: [[AdaptedLevels]] = []
    /// The last truths of each entry.
    private var windows: [Window<LiveEntry.Scored>] = []
    /// The last truths of each region.
    private var regionWindows: [Window<LiveRegion.Scored>] = []

    /// The last scores of an output; the oldest makes room.
    private struct Window<Scored> {
        var scores: [Scored] = []
        var next = 0

        mutating func add(_ one: Scored, capacity: Int) {
            if scores.count < capacity {
                scores.append(one)
            } else {
                scores[next] = one
                next = (next + 1) % capacity
            }
        }
    }

    init(_ kind: Manifest.Truths.Adaptation, coverage: Double) {
        self.kind = kind
        self.coverage = coverage
    }

    /// Goes on from a calibration that came into use; windows stay as they are.
    mutating func begin(with entries: [LiveEntry], _ regions: [LiveRegion]) {
        levels = entries.map { entry in
            guard case .adaptive(let step) = kind else { return [] }
            return entry.tables.map { levels(of: $0, step: step) }
        }
        if windows.isEmpty { windows = entries.map { _ in Window() } }
        if regionWindows.isEmpty { regionWindows = regions.map { _ in Window() } }
    }

    /// Levels as a calibration left them, or at the coverage wanted.
    private func levels(of table: LiveTable, step: Double) -> AdaptedLevels {
        if let adapted = table.adapted, adapted.coverage == coverage, adapted.step == step {
            return adapted
        }
        do throws(CalibrationError) {
            return try AdaptedLevels(coverage: coverage, step: step, bins: table.bins.count)
        } catch {
            preconditionFailure("the manifest's reader checked coverage and step: \(error)")
        }
    }

    /// Takes in one truth of an entry of number `index`.
    ///
    /// Levels move by what an answer at the level of the moment would have held, not by what was
    /// answered at the level published last: that lags behind by up to a thousand truths, and steps that
    /// wait for their own effect so long would swing.
    mutating func learn(_ index: Int, _ entry: LiveEntry, _ one: LiveEntry.Scored) {
        switch kind {
        case .none: break
        case .adaptive:
            let level = levels[index][one.table].bins[one.cell].coverage
            let limit = entry.tables[one.table].limit(bin: one.cell, level: level)
            levels[index][one.table].learn(bin: one.cell, isCovered: one.isCovered(limit))
        case .window(let events): windows[index].add(one, capacity: events)
        }
    }

    /// Takes in both truths of a region of number `region`.
    mutating func learn(region: Int, _ one: LiveRegion.Scored) {
        guard case .window(let events) = kind else { return }
        regionWindows[region].add(one, capacity: events)
    }

    /// The calibration that the truths make of `parent`.
    func calibration(
        of parent: CalibrationFile,
        id: String,
        entries: [LiveEntry],
        regions: [LiveRegion],
        truths: Int
    ) -> CalibrationFile {
        var file = parent
        file.parent = id
        file.date = Timestamp.now()
        file.truths += truths
        for (index, entry) in entries.enumerated() {
            guard
                let place = file.outputs.firstIndex(where: { $0.output == entry.calibration.output }
                )
            else { continue }
            file.outputs[place] = adapted(entry, index)
            file.events = max(file.events, Self.events(file.outputs[place]))
        }
        guard case .window = kind else { return file }
        for (region, window) in zip(regions, regionWindows) {
            let place = file.regions.firstIndex { $0.outputs == region.region.outputs }
            guard let place else { continue }
            let ellipses = region.ellipses.replacing(
                window.scores.map(\.sample),
                bins: window.scores.map(\.cell),
                fewest: Self.fewestInBin
            ).roundedUpToSinglePrecision()
            file.regions[place].ellipses = ellipses
            file.events = max(file.events, ellipses.eventsPerBin.reduce(0, +))
        }
        return file
    }

    private func adapted(_ entry: LiveEntry, _ index: Int) -> OutputCalibration {
        let old = entry.calibration
        let kinds: [OutputCalibration.Kind]
        switch kind {
        case .none:
            return old
        case .adaptive:
            kinds = old.kinds.map { adapted($0, levels[index]) }
        case .window:
            kinds = old.kinds.map { renewed($0, windows[index].scores) }
        }
        do throws(CalibrationError) {
            return try OutputCalibration(
                output: old.output,
                binColumns: old.binColumns,
                kinds: kinds
            )
        } catch {
            preconditionFailure("the kinds are those that were: \(error)")
        }
    }

    /// A kind with the levels of its tables.
    private func adapted(
        _ kind: OutputCalibration.Kind,
        _ levels: [AdaptedLevels]
    ) -> OutputCalibration.Kind {
        switch kind {
        case .interval(var interval):
            interval.adapted = levels[0]
            return .interval(interval)
        case .pValues(var classes):
            for index in classes.indices { classes[index].table.adapted = levels[index] }
            return .pValues(classes)
        case .weightedInterval, .vennAbers, .curve, .sets:
            return kind
        }
    }

    private func renewed(
        _ kind: OutputCalibration.Kind,
        _ scores: [LiveEntry.Scored]
    ) -> OutputCalibration.Kind {
        switch kind {
        case .interval(let interval):
            return .interval(
                interval.replacing(
                    below: scores.map(\.score.below),
                    above: scores.map(\.score.above),
                    bins: scores.map(\.cell),
                    fewest: Self.fewestInBin
                ).roundedUpToSinglePrecision()
            )
        case .pValues(let classes):
            return .pValues(
                classes.enumerated().map { label, one in
                    let own = scores.filter { $0.table == label }
                    return ClassPValues(
                        name: one.name,
                        table: one.table.replacing(
                            own.map(\.score.below),
                            bins: own.map(\.cell),
                            fewest: Self.fewestInBin
                        )
                    )
                }
            )
        case .vennAbers, .curve:
            return probability(kind, scores)
        case .weightedInterval, .sets:
            return kind
        }
    }

    /// A binary score's probabilities from the window, where it has enough of both classes.
    private func probability(
        _ kind: OutputCalibration.Kind,
        _ scores: [LiveEntry.Scored]
    ) -> OutputCalibration.Kind {
        let labels = scores.map { $0.table == 1 }
        let ones = labels.count { $0 }
        guard min(ones, labels.count - ones) >= Self.fewestOfClass else { return kind }
        let values = scores.map(\.value)
        do throws(CalibrationError) {
            switch kind {
            case .vennAbers:
                return .vennAbers(try VennAbers.fit(scores: values, labels: labels))
            case .curve(let curve):
                return .curve(try BinaryCurve.fit(curve.method, scores: values, labels: labels))
            default:
                return kind
            }
        } catch {
            // What cannot be fitted, as classes that the score tells apart for certain, stays.
            return kind
        }
    }

    private static func events(_ output: OutputCalibration) -> Int {
        let tables = output.pValues.map { $0.table.eventsPerBin.reduce(0, +) }
        return
            ([output.interval?.eventsPerBin.reduce(0, +), output.vennAbers?.events]
            .compactMap { $0 } + tables).max() ?? 0
    }
}
