import Calibration
import Execution
import Lanes
import Messages
import Monitoring
import Serving
import TestSupport
import Testing

@Suite struct DriftMonitorTests {
    private static let window = StreamWindows.events
    private static let elements = 3
    private static let component = 1

    /// Watches component 1 of an input of 3 and an output, each in three bins.
    private static func monitor(lanes: Int) throws -> DriftMonitor {
        let digest = "sha256:" + String(repeating: "0", count: 64)
        let bins = try MondrianBins(edges: [0, 1])
        let file = try ReferenceFile(
            model: "m",
            version: "1",
            artefactDigest: digest,
            engine: "e",
            precision: "float32",
            deviceClass: "cpu",
            values: [.init(name: "feature", bins: bins), .init(name: "output", bins: bins)],
            references: [
                .init(
                    kind: .simulation,
                    date: "2026-11-26",
                    dataDigest: digest,
                    events: 300,
                    counts: [[100, 100, 100], [100, 100, 100]]
                )
            ]
        )
        let source = LoadedReferences.Source.input(
            index: 0,
            elements: elements,
            component: component
        )
        let loaded = try LoadedReferences(
            file,
            values: [
                .init(name: "feature", unit: "1", source: source),
                .init(name: "output", unit: "1", source: .output(index: 0)),
            ]
        )
        return DriftMonitor(loaded, lanes: lanes, bell: .atStart())
    }

    private static func report(_ monitor: DriftMonitor) -> [String: ModelMonitoring.Stream] {
        let streams = monitor.report { "\($0)" }.streams
        return Dictionary(streams.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    /// Events of each bin, and behind them those not finite.
    private static func counts(_ values: some Sequence<Float>) -> ModelMonitoring.Counts {
        var counts = ModelMonitoring.Counts(events: [0, 0, 0], nonfinite: 0)
        for value in values {
            if value.isFinite {
                counts.events[value < 0 ? 0 : value < 1 ? 1 : 2] += 1
            } else {
                counts.nonfinite += 1
            }
        }
        return counts
    }

    @Test(
        "Windows hold what a direct count finds, whatever the batches, streams and lanes",
        arguments: 1...4
    )
    func direct(lanes: Int) throws {
        var random = SeededRandom(seed: UInt64(lanes))
        let monitor = try Self.monitor(lanes: lanes)
        let rows = Rows(capacity: 4096)
        var features: [[Float]] = [[], [], []]
        var outputs: [[Float]] = [[], [], []]
        var judged = 0
        for _ in 0..<400 {
            rows.fill(&random, requests: random.int(1...6), streams: 3)
            for batch in rows.microBatches(&random) {
                let flagged = rows.run(batch, &random)
                var place = 0
                for segment in batch {
                    let stream = unsafe segment.flight.pointee.stream
                    for row in 0..<segment.rows {
                        features[stream].append(rows.feature(segment, row))
                        outputs[stream].append(
                            flagged.contains(place) ? .nan : unsafe rows.outputs[place]
                        )
                        place += 1
                    }
                }
                let lane = random.int(0...lanes - 1)
                unsafe monitor.lane(lane)._withUnsafeGuaranteedRef {
                    $0.count(batch, outputs: RawOutputs(instance: rows), flagged: flagged)
                }
                monitor.judge()
                let report = Self.report(monitor)
                for stream in features.indices where !features[stream].isEmpty {
                    let found = report["\(stream)"]
                    let windows = features[stream].count / Self.window
                    #expect(found?.events == UInt64(features[stream].count))
                    #expect(found?.windows == UInt64(windows) && found?.skipped == 0)
                    guard windows > 0 else { continue }
                    judged += 1
                    let range = (windows - 1) * Self.window..<windows * Self.window
                    #expect(
                        found?.counts == [
                            Self.counts(features[stream][range]),
                            Self.counts(outputs[stream][range]),
                        ]
                    )
                }
            }
            rows.release()
        }
        #expect(judged > 50)
    }

    @Test func `A window is full when all of it was counted, though a lane has nothing to do`()
        throws
    {
        let monitor = try Self.monitor(lanes: 2)
        let rows = Rows(capacity: Self.window)
        rows.count(monitor, lane: 0, rows: 1)
        rows.count(monitor, lane: 1, rows: Self.window - 2)
        monitor.judge()
        #expect(Self.report(monitor)["0"]?.windows == 0)
        rows.count(monitor, lane: 1, rows: 1)
        monitor.judge()
        #expect(Self.report(monitor)["0"]?.windows == 1)
        #expect(Self.report(monitor)["0"]?.counts[0].events.reduce(0, +) == UInt64(Self.window))
    }

    @Test func `Windows that nobody judges are skipped, the newest are kept`() throws {
        let monitor = try Self.monitor(lanes: 1)
        let rows = Rows(capacity: Self.window)
        let skipped = 3
        for _ in 0..<StreamWindows.openWindows + skipped {
            rows.count(monitor, lane: 0, rows: Self.window)
        }
        monitor.judge()
        let found = try #require(Self.report(monitor)["0"])
        #expect(found.windows == UInt64(StreamWindows.openWindows))
        #expect(found.skipped == UInt64(skipped))
        for _ in 0..<6 {
            rows.count(monitor, lane: 0, rows: Self.window)
            monitor.judge()
        }
        #expect(Self.report(monitor)["0"]?.windows == UInt64(StreamWindows.openWindows + 6))
        #expect(Self.report(monitor)["0"]?.skipped == UInt64(skipped))
    }

    @Test func `What an idle lane held of a skipped window is gone with it`() throws {
        let monitor = try Self.monitor(lanes: 2)
        let rows = Rows(capacity: Self.window)
        rows.count(monitor, lane: 0, rows: 1)
        rows.count(monitor, lane: 1, rows: Self.window - 1)
        for _ in 0..<StreamWindows.openWindows {
            rows.count(monitor, lane: 1, rows: Self.window)
        }
        monitor.judge()
        let found = try #require(Self.report(monitor)["0"])
        #expect(found.windows == UInt64(StreamWindows.openWindows) && found.skipped == 1)
    }

    @Test func `Lanes that count at the same time lose nothing`() async throws {
        let lanes = 4
        let monitor = try Self.monitor(lanes: lanes)
        let turns = 60
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    let rows = Rows(capacity: Self.window)
                    for turn in 0..<turns {
                        rows.count(monitor, lane: lane, rows: 1000)
                        if lane == 0, turn.isMultiple(of: 4) { monitor.judge() }
                    }
                }
            }
        }
        monitor.judge()
        let found = try #require(Self.report(monitor)["0"])
        let windows = lanes * turns * 1000 / Self.window
        #expect(found.events == UInt64(windows * Self.window))
        #expect(found.windows + found.skipped == UInt64(windows))
        #expect(found.counts[0].events == [0, UInt64(Self.window), 0])
        #expect(found.counts[1].events == [0, UInt64(Self.window), 0])
    }

    @Test func `A judge is woken by a full window and ends when it is told to`() throws {
        let judge = DriftJudge()
        let monitor = try Self.monitor(lanes: 1)
        try judge.add(monitor)
        judge.stop()
        // One that has ended judges nothing any more, and to stop it again does no harm.
        judge.stop()
        judge.remove(monitor)
        #expect(Self.report(monitor).isEmpty)
    }
}

/// Requests of random rows, and an engine that gives what it is told.
@safe
private final class Rows: EngineInstance {
    private let flights = Flights()
    private let inputs: UnsafeMutablePointer<Float>
    let outputs: UnsafeMutablePointer<Float>
    private let capacity: Int
    private var queued: [FlightPointer] = unsafe []

    init(capacity: Int) {
        self.capacity = capacity
        unsafe inputs = .allocate(capacity: capacity * 3)
        unsafe inputs.initialize(repeating: 0.5, count: capacity * 3)
        unsafe outputs = .allocate(capacity: capacity + 64)
        unsafe outputs.initialize(repeating: 0.5, count: capacity + 64)
    }

    deinit {
        unsafe inputs.deallocate()
        unsafe outputs.deallocate()
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer { unsafe .init(inputs) }
    func outputMemory(_ index: Int) -> UnsafeRawPointer { unsafe .init(outputs) }
    func run(rows: Int) throws(EngineFailure) {}
    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {}

    private static func draw(_ random: inout SeededRandom) -> Float {
        switch random.int(0...30) {
        case 0: .nan
        case 1: .infinity
        case 2: 0
        case 3: 1
        default: Float(random.normal())
        }
    }

    /// Queues so many requests of rows drawn anew.
    func fill(_ random: inout SeededRandom, requests: Int, streams: Int) {
        for place in 0..<capacity * 3 { unsafe inputs[place] = Self.draw(&random) }
        var first = 0
        for _ in 0..<requests {
            let rows = random.int(1...600)
            let flight = unsafe flights.make(rows: rows)
            unsafe flight.pointee.stream = random.int(0...streams - 1)
            unsafe flight.pointee.inputs[0] = unsafe UnsafeRawPointer(inputs + first * 3)
            unsafe queued.append(flight)
            first += rows
        }
    }

    /// The queued requests, cut anew into micro-batches.
    func microBatches(_ random: inout SeededRandom) -> [[BatchQueues.Segment]] {
        var queues = BatchQueues()
        for index in unsafe queued.indices { unsafe queues.append(queued[index]) }
        var all: [[BatchQueues.Segment]] = []
        while !queues.isEmpty {
            var batch: [BatchQueues.Segment] = []
            _ = queues.take(limit: random.int(1...1200), now: 0, into: &batch)
            all.append(batch)
        }
        return all
    }

    /// Gives the queued requests back.
    func release() {
        for index in unsafe queued.indices { unsafe flights.release(queued[index]) }
        unsafe queued.removeAll()
    }

    /// Writes outputs of a micro-batch; returns positions whose outputs are none.
    func run(_ batch: [BatchQueues.Segment], _ random: inout SeededRandom) -> [Int] {
        var flagged: [Int] = []
        for place in 0..<batch.reduce(0, { $0 + $1.rows }) {
            unsafe outputs[place] = Self.draw(&random)
            if unsafe outputs[place].isFinite, random.int(0...20) == 0 { flagged.append(place) }
        }
        return flagged
    }

    /// The watched component of a row.
    func feature(_ segment: BatchQueues.Segment, _ row: Int) -> Float {
        guard let base = unsafe segment.flight.pointee.inputs[0] else { return .nan }
        let place = ((segment.firstRow + row) * 3 + 1) * 4
        return unsafe base.loadUnaligned(fromByteOffset: place, as: Float.self)
    }

    /// Lets a lane count so many rows of one stream, all of them in the middle bins.
    func count(_ monitor: DriftMonitor, lane: Int, rows: Int) {
        let flight = unsafe flights.make(rows: rows)
        unsafe flight.pointee.stream = 0
        unsafe flight.pointee.inputs[0] = unsafe UnsafeRawPointer(inputs)
        var queues = BatchQueues()
        unsafe queues.append(flight)
        var segments: [BatchQueues.Segment] = []
        _ = queues.take(limit: rows, now: 0, into: &segments)
        unsafe monitor.lane(lane)._withUnsafeGuaranteedRef {
            $0.count(segments, outputs: RawOutputs(instance: self), flagged: [])
        }
        unsafe flights.release(flight)
    }
}
