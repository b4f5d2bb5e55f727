internal import Catalog
internal import Lanes
internal import Messages
internal import Telemetry

/// The thread that explains scores of one version, one request after the other.
///
/// It is nice, and the rows that it runs go through the version's own queue at BULK priority: a request
/// of a better one waits for one micro-batch at most.
final class ExplanationLane: Sendable {
    private let queue: ExplanationQueue
    private let thread: LaneThread

    /// Begins to explain what `service` is asked, which must end it.
    init(
        _ service: ModelService,
        _ loaded: LoadedExplanation,
        queue: ExplanationQueue,
        bell: Bell,
        metrics: ExplanationMetrics
    ) throws(LaneFailure) {
        self.queue = queue
        let rows = ModelRows(service, loaded, bell: bell, queue: queue)
        thread = try LaneThread(name: "\(service.source.manifest.name.prefix(7))-explain") {
            LaneThread.beNice()
            while let job = queue.next() {
                let start = MonotonicClock.now()
                let outcome = Self.outcome(job, loaded, rows)
                if case .success = outcome {
                    metrics.events.add(job.rows)
                    metrics.seconds.record(MonotonicClock.now() - start)
                }
                job.finish(outcome)
            }
        }
    }

    private static func outcome(
        _ job: ExplanationJob,
        _ loaded: LoadedExplanation,
        _ rows: ModelRows
    ) -> Result<Attributions, Refusal> {
        do throws(Refusal) {
            rows.begin(job)
            return .success(try loaded.explain(job, by: rows))
        } catch {
            return .failure(error)
        }
    }

    /// Refuses what waits and what runs, at its next piece, and ends.
    ///
    /// Blocks until then; the version's workers must still run.
    func stop() {
        queue.stop()
        thread.join()
    }
}
