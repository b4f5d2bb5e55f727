import Catalog

/// One kind of request that is replayed.
struct ReplayKind {
    let model: Manifest
    /// Events of a request.
    let events: Int
    /// Whether the tensor is a frame of its own; else it lies in the header.
    let isFramed: Bool
    /// Requests that are sent before the first reply is read.
    let window: Int
    /// Whether one thread does all: the transport's lane, in the round that reads them.
    ///
    /// False where that depends on measured costs.
    let isOnLane: Bool

    /// As "null, 1 event framed, window 64".
    var name: String {
        let place = isFramed ? "framed" : "in the header"
        let size = events == 1 ? "1 event \(place)" : "\(events) events"
        return "\(model.name), \(size), window \(window)"
    }

    /// Requests that are counted, a multiple of every window.
    var requests: Int { events == 1 ? 1024 : 256 }

    /// Every kind of a model; `laneRows` are the most events that the lane runs it for.
    static func all(of model: Manifest, laneRows: Int) -> [ReplayKind] {
        let sizes = [(1, true), (1, false), (64, true), (1024, true)]
        return sizes.flatMap { events, isFramed in
            [1, 64].map { window in
                ReplayKind(
                    model: model,
                    events: events,
                    isFramed: isFramed,
                    window: window,
                    isOnLane: events * window <= laneRows
                )
            }
        }
    }
}
