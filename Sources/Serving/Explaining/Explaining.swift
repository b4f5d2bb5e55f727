internal import Catalog
internal import Execution
internal import Lanes
internal import Messages
internal import Synchronization
internal import Telemetry

/// Explains scores of one version on request: what is asked is checked and promised a place at
/// admission, and done on a lane of its own.
final class Explaining: Sendable {
    /// Shares, and their errors, of one request: 64 MiB.
    static let maximumNumbers = 1 << 23

    private let model: String
    private let found: Result<LoadedExplanation, ExplanationAbsence>
    private let queue: ExplanationQueue
    private let bell: Bell
    private let metrics: ExplanationMetrics
    private let lane = Mutex<ExplanationLane?>(nil)
    /// What clients and people are told.
    let description: ExplanationDescription

    /// Of a version whose manifest says how; nil of another.
    ///
    /// Slow: trees are looked into, a gradient graph is warmed.
    init?(
        _ source: ModelSource,
        engine: any Engine,
        gradient: Result<any Engine, ExplanationAbsence>?,
        plan: MicroBatchPlan,
        ranges: [[ShapeProbe.Range]],
        registry: MetricRegistry
    ) throws(LoadFailure) {
        guard let explanation = source.manifest.explanation else { return nil }
        model = source.manifest.name
        do throws(LaneFailure) {
            bell = try Bell()
        } catch {
            throw LoadFailure("starting lanes: \(error)")
        }
        queue = ExplanationQueue(bell: bell)
        metrics = ExplanationMetrics(registry, source: source, queue: queue)
        var description = ExplanationDescription(source, explanation)
        do throws(ExplanationAbsence) {
            guard !description.features.isEmpty else {
                throw ExplanationAbsence(
                    "found more than \(ShareNames.maximum) shares of an event, allowed are so many"
                )
            }
            let made = try LaneThread.givingWay { () throws(ExplanationAbsence) in
                let maker = try ExplainerMaker(
                    source,
                    explanation,
                    engine: engine,
                    gradient: gradient,
                    ranges: ranges
                )
                return (explainer: try maker.make(), backgroundRows: maker.backgroundRows)
            }
            let loaded = LoadedExplanation(source, description, made.explainer, plan: plan)
            description.evaluations = loaded.evaluations
            description.nanoseconds = Int(clamping: loaded.nanosecondsPerEvent)
            description.backgroundRows = made.backgroundRows
            guard description.nanoseconds <= description.limitNanoseconds else {
                throw ExplanationAbsence(
                    "one event takes about \(Self.seconds(description.nanoseconds)), allowed are \(Self.seconds(description.limitNanoseconds))"
                )
            }
            found = .success(loaded)
        } catch {
            description.reason = error.reason
            found = .failure(error)
        }
        self.description = description
    }

    /// Begins to explain scores of `service`, which must end it.
    func start(_ service: ModelService) throws(LoadFailure) {
        guard case .success(let loaded) = found else { return }
        do throws(LaneFailure) {
            let started = try ExplanationLane(
                service,
                loaded,
                queue: queue,
                bell: bell,
                metrics: metrics
            )
            lane.withLock { $0 = started }
        } catch {
            throw LoadFailure("starting lanes: \(error)")
        }
    }

    /// Takes no further explanation and refuses those that wait, before the daemon's time to drain is
    /// over; the one that runs goes on.
    func drain() { queue.close() }

    /// Refuses what waits and what runs, and ends.
    ///
    /// Blocks until then; the version's workers must still run.
    func stop() {
        lane.withLock { lane in
            defer { lane = nil }
            return lane
        }?.stop()
    }

    /// Promises the explanation of a checked request, or says why there is none.
    func promise(
        rows: Int,
        priority: Priority,
        hasEventIds: Bool
    ) throws(Refusal) -> ExplanationJob {
        let loaded: LoadedExplanation
        switch found {
        case .success(let explanation): loaded = explanation
        case .failure(let absence):
            throw Refusal(
                .unsupported,
                "model '\(model)' explains nothing: \(absence.reason)",
                field: "extras"
            )
        }
        guard priority == .bulk else {
            throw Refusal(
                .invalid,
                "found \(priority.name), allowed for attributions is BULK",
                field: "priority"
            )
        }
        guard hasEventIds || !loaded.needsEventIds else {
            throw Refusal(
                .invalid,
                "the ids of the events are missing: the orders that explain '\(model)' are drawn by event",
                field: "event_ids"
            )
        }
        let (nanoseconds, isHuge) = loaded.nanosecondsPerEvent.multipliedReportingOverflow(
            by: UInt64(rows)
        )
        guard !isHuge, nanoseconds <= UInt64(description.limitNanoseconds) else {
            throw Refusal(
                .invalid,
                "found \(rows) events, whose explanation takes about \(Self.seconds(Int(clamping: nanoseconds))), allowed are \(Self.seconds(description.limitNanoseconds)): at most \(description.limitNanoseconds / description.nanoseconds) events",
                field: "extras"
            )
        }
        guard rows <= max(1, Self.maximumNumbers / loaded.width) else {
            throw Refusal(
                .invalid,
                "found \(rows) events of \(loaded.width) shares, allowed are \(max(1, Self.maximumNumbers / loaded.width)) events",
                field: "extras"
            )
        }
        return try queue.promise(nanoseconds: nanoseconds)
    }

    /// A time for people: "41 s", "0.013 s".
    private static func seconds(_ nanoseconds: Int) -> String {
        let value = Double(nanoseconds) / 1e9
        return value >= 10 ? "\(Int(value.rounded())) s" : "\((value * 1000).rounded() / 1000) s"
    }
}
