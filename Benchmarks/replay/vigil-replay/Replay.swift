import Serving
import Telemetry
import ZeroMQTransport

/// Sends recorded requests by windows and goes through the lane's rounds until all are answered.
final class Replay {
    /// Bytes of the last run's replies.
    private(set) var replyBytes = 0
    private let router: RouterReplay
    private let metrics: LaneMetrics
    private let counter: AllocationCounter
    private let wastes: Bool
    /// What a wasteful run allocates; kept, so that no compiler leaves it out.
    private var wasted: [UInt8] = []

    init(_ models: ReplayModels, counter: AllocationCounter, wastes: Bool) throws {
        metrics = LaneMetrics(models.registry)
        router = try RouterReplay(roster: models.roster, pool: AnswerPool(), metrics: metrics)
        self.counter = counter
        self.wastes = wastes
    }

    /// Replays so many requests; every one must be answered, none refused, and those of the lane
    /// within the round that reads them.
    func run(_ kind: ReplayKind, _ recording: Recording, collects: Bool = false) throws {
        replyBytes = 0
        var sent = 0
        while sent < kind.requests {
            for index in sent..<sent + kind.window {
                try router.send(recording.requests[index % recording.requests.count])
            }
            sent += kind.window
            var missing = kind.window
            if wastes { counter.asDaemon { waste(missing) } }
            while missing > 0 {
                step(collects: collects)
                while let bytes = router.receive() {
                    replyBytes += bytes
                    missing -= 1
                }
                guard missing == 0 || !kind.isOnLane else {
                    throw ReplayFailure("\(kind.name): not answered by the lane itself")
                }
            }
        }
        guard metrics.refused == 0 else {
            throw ReplayFailure("\(kind.name): a request was refused")
        }
    }

    private func step(collects: Bool) {
        counter.asDaemon {
            if collects { Callgrind.toggle() }
            router.step()
            if collects { Callgrind.toggle() }
        }
    }

    @inline(never)
    private func waste(_ count: Int) {
        for _ in 0..<count { wasted = [UInt8](repeating: 1, count: 64) }
    }

    /// Ends the lane.
    func close() { router.close() }
}
