internal import CZeroMQ

/// Replies for clients that do not read: bounded for each and for all, then discarded.
///
/// A client past its limit is discarded: its backlog is freed, and its requests are not
/// scored until a send to it succeeds again. What is tried is a refusal of its newest request.
@safe
struct Backlogs {
    /// What one client is owed.
    private struct Client {
        var replies: [OutgoingReply] = []
        var bytes = 0
        var isDiscarded = false

        mutating func append(_ reply: OutgoingReply) {
            replies.append(reply)
            bytes += reply.byteCount
        }
    }

    /// How often waiting replies are tried again.
    static let retryNanoseconds: UInt64 = 1_000_000

    private var clients: [[UInt8]: Client] = [:]
    private let clientBytes: Int
    private let totalBytes: Int
    /// Bytes held for all clients.
    private(set) var bytes = 0
    /// Clients discarded since the start.
    private(set) var discardedClients = 0
    /// Discarded clients that are remembered; one past it is forgotten, and so gets a fresh start.
    private static let maximumDiscarded = 4096

    init(clientBytes: Int, totalBytes: Int) {
        self.clientBytes = clientBytes
        self.totalBytes = totalBytes
    }

    /// Replies that wait to be taken.
    private var waiting = 0

    /// Whether no client is waited for and none is discarded.
    var isEmpty: Bool { clients.isEmpty }

    /// Whether a reply waits to be taken.
    var hasReplies: Bool { waiting > 0 }

    /// Whether replies to this client must queue behind others.
    func isWaiting(_ identity: [UInt8]) -> Bool { clients[identity] != nil }

    /// Whether this client's requests are discarded.
    func isDiscarded(_ identity: [UInt8]) -> Bool { clients[identity]?.isDiscarded ?? false }

    /// Keeps a reply that could not be sent.
    ///
    /// False when the client is, or becomes, discarded: then what was kept for it is gone.
    mutating func keep(_ reply: OutgoingReply, for identity: [UInt8]) -> Bool {
        if isDiscarded(identity) { return false }
        let held = clients[identity]?.bytes ?? 0
        if held + reply.byteCount > clientBytes || bytes + reply.byteCount > totalBytes {
            bytes -= held
            waiting -= clients[identity]?.replies.count ?? 0
            discardedClients += 1
            forgetOneOfTooMany()
            clients[identity] = Client(replies: [], bytes: 0, isDiscarded: true)
            return false
        }
        // In place: a copy of what waits for each further reply would cost more than the reply.
        clients[identity, default: Client()].append(reply)
        waiting += 1
        bytes += reply.byteCount
        return true
    }

    /// Lets a discarded client try `probe` next; it replaces the one before.
    mutating func setProbe(_ probe: OutgoingReply, for identity: [UInt8]) {
        waiting += 1 - (clients[identity]?.replies.count ?? 1)
        clients[identity]?.replies = [probe]
    }

    /// Tries what waits.
    ///
    /// Returns how many replies went to clients that are gone.
    mutating func flush(on socket: UnsafeMutableRawPointer) -> Int {
        var lost = 0
        for identity in Array(clients.keys) {
            // Taken out, so that its replies are not copied when those that were sent leave them.
            guard var client = clients.removeValue(forKey: identity) else { continue }
            var isDone = true
            var isGone = false
            var sent = 0
            sending: for reply in client.replies {
                switch unsafe reply.send(on: socket) {
                case .sent:
                    sent += 1
                    if !client.isDiscarded {
                        client.bytes -= reply.byteCount
                        bytes -= reply.byteCount
                    }
                case .full:
                    isDone = false
                    break sending
                case .gone:
                    lost += client.replies.count - sent
                    waiting -= client.replies.count
                    if !client.isDiscarded { bytes -= client.bytes }
                    client.replies = []
                    sent = 0
                    isGone = true
                    break sending
                }
            }
            client.replies.removeFirst(sent)
            waiting -= sent
            // A discarded client without a probe stays until it asks again.
            let isSettled = isGone || isDone && (!client.isDiscarded || sent > 0)
            if !isSettled { clients[identity] = client }
        }
        return lost
    }

    /// Clients that never come back would otherwise be remembered for ever.
    private mutating func forgetOneOfTooMany() {
        let discarded = clients.filter { $0.value.isDiscarded }
        guard discarded.count >= Self.maximumDiscarded, let any = discarded.first else { return }
        clients[any.key] = nil
    }

    /// Frees everything, at the end.
    mutating func removeAll() {
        clients = [:]
        bytes = 0
        waiting = 0
    }
}
