internal import Calibration
package import Lanes
package import Messages
internal import Monitoring
internal import Synchronization

/// Watches the values of one model version for drift: its lanes count, one thread judges, everyone
/// may ask.
package final class DriftMonitor: Sendable {
    private let loaded: LoadedReferences
    private let layout: DriftLayout
    private let windows: StreamWindows
    private let lanes: [DriftLane]
    /// What was found of each stream, by its number.
    private let found: Mutex<[StreamDrift]>

    /// A monitor of so many lanes; `bell` wakes the thread that calls `judge`.
    package init(_ loaded: LoadedReferences, lanes count: Int, bell: Bell) {
        self.loaded = loaded
        let layout = DriftLayout(loaded)
        let windows = StreamWindows(places: layout.places, bell: bell)
        self.layout = layout
        self.windows = windows
        lanes = (0..<count).map { _ in DriftLane(layout, windows) }
        let names = loaded.values.map(\.name)
        found = Mutex(
            (0..<StreamTable.capacity).map { stream in
                StreamDrift(names: names, references: loaded.references, seed: UInt64(stream))
            }
        )
    }

    /// The counts of lane `index`; kept alive by the monitor.
    package func lane(_ index: Int) -> Unmanaged<DriftLane> { unsafe .passUnretained(lanes[index]) }

    /// Judges the windows that are full, on one thread at a time.
    ///
    /// Some tens of microseconds a window.
    package func judge() {
        for lane in lanes { lane.collect() }
        for stream in 0..<StreamTable.capacity {
            while let counts = windows.takeFull(stream) {
                // Not under the lock: whoever asks need not wait for it.
                var drift = found.withLock { $0[stream] }
                drift.judge(layout.window(counts))
                let judged = drift
                found.withLock { $0[stream] = judged }
            }
        }
    }

    /// What is watched and what was found; `name` tells the names of streams.
    package func report(name: (Int) -> String) -> ModelMonitoring {
        var report = ModelMonitoring()
        report.windowEvents = UInt64(StreamWindows.events)
        report.rate = StreamDrift.limits.rate
        report.distance = StreamDrift.limits.distance
        report.chance = StreamDrift.martingaleChance
        report.values = zip(loaded.values, loaded.file.values).map { value, entry in
            .init(name: value.name, unit: value.unit, edges: entry.bins.edges)
        }
        report.references = loaded.file.references.map(ModelMonitoring.Reference.init)
        let found = found.withLock { $0 }
        for (stream, drift) in found.enumerated() {
            let events = windows.events(of: stream)
            guard events > 0 else { continue }
            report.streams.append(
                ModelMonitoring.Stream(
                    name: name(stream),
                    events: UInt64(events),
                    windows: UInt64(drift.windows),
                    skipped: UInt64(windows.skipped(of: stream)),
                    counts: drift.last.map(ModelMonitoring.Counts.list) ?? [],
                    comparisons: zip(loaded.references, drift.alarms.indices).map {
                        reference,
                        place in
                        .init(reference.kind, drift, place)
                    }
                )
            )
        }
        return report
    }
}

extension ModelMonitoring.Reference {
    fileprivate init(_ reference: ReferenceFile.Reference) {
        self.init(
            kind: reference.kind.rawValue,
            date: reference.date,
            dataDigest: reference.dataDigest,
            events: UInt64(reference.events),
            counts: reference.counts.map { counts in
                .init(
                    events: counts.map(UInt64.init),
                    nonfinite: UInt64(reference.events - counts.reduce(0, +))
                )
            }
        )
    }
}

extension ModelMonitoring.Counts {
    fileprivate static func list(_ window: StreamDrift.Window) -> [Self] {
        zip(window.counts, window.nonfinite).map { counts, nonfinite in
            .init(events: counts.map(UInt64.init), nonfinite: UInt64(nonfinite))
        }
    }
}

extension ModelMonitoring.Comparison {
    fileprivate init(_ kind: ReferenceFile.Kind, _ drift: StreamDrift, _ place: Int) {
        let values = drift.comparisons[place]
        self.init(
            reference: kind.rawValue,
            alarms: UInt64(drift.alarms[place]),
            isAlarm: values.contains { $0.feature?.isAlarm ?? false },
            values: values.map(ModelMonitoring.Drift.init)
        )
    }
}

extension ModelMonitoring.Drift {
    fileprivate init(_ comparison: StreamDrift.Comparison) {
        self.init()
        distance = comparison.feature?.test.distance
        pValue = comparison.feature?.test.pValue
        qValue = comparison.feature?.qValue
        isAlarm = comparison.feature?.isAlarm ?? false
        alarms = UInt64(comparison.alarms)
        logCapital = comparison.martingale.logCapital
        largestLogCapital = comparison.martingale.largestLogCapital
        isMartingaleAlarm = comparison.martingale.isAlarm(chance: StreamDrift.martingaleChance)
    }
}
