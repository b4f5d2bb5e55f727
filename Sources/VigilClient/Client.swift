internal import CZeroMQ
internal import Lanes
public import Messages
internal import Synchronization
internal import Wire

/// Talks to vigild: many calls in flight, deadlines, safe retries on the same daemon or another.
///
/// Any thread or task; close it when done.
public final class Client: Sendable {
    private struct Submission: Sendable {
        let id: UInt64
        let request: EncodedRequest
        let end: UInt64
        let finish: CallTable.Finish
    }

    private let options: ClientOptions
    private let nextId = Atomic<UInt64>(1)
    private let mailbox: Mailbox<Submission>
    private let bell: Bell
    private let stopping = Atomic<Bool>(false)
    private let thread: Mutex<LaneThread?>
    private let lastHeard: LastHeard

    /// Endpoint that the last reply came from, or nil while none has come.
    public var answeringEndpoint: String? {
        let index = lastHeard.endpoint.load(ordering: .acquiring)
        return index < 0 ? nil : options.endpoints[index]
    }

    /// A client of the daemons at `options.endpoints`; connecting happens in the background.
    public init(_ options: ClientOptions) throws(ClientError) {
        self.options = options
        let bell = try Self.makeBell()
        self.bell = bell
        mailbox = Mailbox(capacity: options.maximumInFlight, bell: bell)
        thread = Mutex(nil)
        let lastHeard = LastHeard()
        self.lastHeard = lastHeard
        let state = ClientBox(
            try ClientState(options: options, bell: bell, lastHeard: lastHeard)
        )
        do {
            let started = try LaneThread(name: "vigil-client") { [self] in
                state.value.loop(
                    stopping: { self.stopping.load(ordering: .acquiring) },
                    submissions: {
                        self.mailbox.takeAll().map {
                            (
                                $0.id,
                                CallTable.Call(request: $0.request, end: $0.end, finish: $0.finish)
                            )
                        }
                    }
                )
            }
            thread.withLock { $0 = started }
        } catch {
            throw ClientError.failure("\(error)")
        }
    }

    private static func makeBell() throws(ClientError) -> Bell {
        do {
            return try Bell()
        } catch {
            throw .failure("\(error)")
        }
    }

    /// Ends every call and closes the sockets.
    ///
    /// Blocks shortly.
    public func close() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    /// Scores events.
    public func score(_ call: ScoreCall) async throws(ClientError) -> ScoreAnswer {
        var end = MonotonicClock.now() + UInt64(options.timeoutMilliseconds) * 1_000_000
        if let deadline = call.deadlineMicroseconds {
            // The daemon answers when the deadline passes; the network has a little more.
            end = min(end, MonotonicClock.now() + deadline * 1000 + 50_000_000)
        }
        let id = nextId.add(1, ordering: .relaxed).oldValue
        let reply = try await submit(RequestEncoder.encode(call, id: id), id: id, end: end)
        guard case .score(let answer) = reply else {
            throw .failure("the daemon answered a score request with something else")
        }
        return answer
    }

    /// What the daemon is and how it fares.
    public func status() async throws(ClientError) -> DaemonStatus {
        guard case .status(let status) = try await control(.status) else {
            throw .failure("the daemon answered a status request with something else")
        }
        return status
    }

    /// Every model, or the one of this name.
    public func models(_ name: String? = nil) async throws(ClientError) -> [ModelDescription] {
        guard case .models(let models) = try await control(.models(name)) else {
            throw .failure("the daemon answered a models request with something else")
        }
        return models
    }

    /// Lets the daemon read its models again; a line for everything that changed or failed.
    public func reload() async throws(ClientError) -> [String] {
        guard case .reload(let changes) = try await control(.reload) else {
            throw .failure("the daemon answered a reload request with something else")
        }
        return changes
    }

    /// Sends true values of events: all are taken, or none.
    public func truth(_ call: TruthCall) async throws(ClientError) -> TruthAnswer {
        guard case .truth(let answer) = try await control(.truth(call)) else {
            throw .failure("the daemon answered truths with something else")
        }
        return answer
    }

    /// The calibrations of a model that takes truths, after that of the id came into use if one is
    /// named.
    public func calibrations(
        _ model: String,
        version: String? = nil,
        use: String? = nil
    ) async throws(ClientError) -> CalibrationsReport {
        let asked = ControlRequest.calibrations(model: model, version: version, use: use)
        guard case .calibrations(let report) = try await control(asked) else {
            throw .failure("the daemon answered a calibrations request with something else")
        }
        return report
    }

    /// How events compare with references, of every model or of the one of this name.
    public func monitoring(
        _ name: String? = nil
    ) async throws(ClientError) -> [ModelMonitoring] {
        guard case .monitoring(let models) = try await control(.monitoring(name)) else {
            throw .failure("the daemon answered a monitoring request with something else")
        }
        return models
    }

    private func control(_ request: ControlRequest) async throws(ClientError) -> ControlReply {
        let id = nextId.add(1, ordering: .relaxed).oldValue
        let end = MonotonicClock.now() + UInt64(options.timeoutMilliseconds) * 1_000_000
        let reply = try await submit(RequestEncoder.encode(request, id: id), id: id, end: end)
        guard case .control(let control) = reply else {
            throw .failure("the daemon answered a control request with something else")
        }
        return control
    }

    private func submit(
        _ request: EncodedRequest,
        id: UInt64,
        end: UInt64
    ) async throws(ClientError) -> DecodedReply {
        guard !stopping.load(ordering: .acquiring) else { throw .closed }
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<DecodedReply, ClientError>, Never>) in
            let submission = Submission(id: id, request: request, end: end) { result in
                continuation.resume(returning: result)
            }
            if !mailbox.put(submission) {
                continuation.resume(
                    returning: .failure(
                        .failure(
                            "\(options.maximumInFlight) calls wait, allowed are \(options.maximumInFlight)"
                        )
                    )
                )
            }
        }
        return try result.get()
    }
}

/// Index of the endpoint that answered last, or -1.
private final class LastHeard: Sendable {
    let endpoint = Atomic<Int>(-1)
}

/// Carries the lane's state to its thread.
private final class ClientBox: @unchecked Sendable {
    // Safe because only the lane's thread touches it once it runs.
    let value: ClientState

    init(_ value: ClientState) {
        self.value = value
    }
}

/// What the client's thread owns.
@safe
private final class ClientState {
    private let context: UnsafeMutableRawPointer
    private let sockets: [DealerSocket]
    private let bell: Bell
    private var table: CallTable
    private let lastHeard: LastHeard

    /// Longest sleep.
    private static let sleepMilliseconds = 500

    init(
        options: ClientOptions,
        bell: Bell,
        lastHeard: LastHeard
    ) throws(ClientError) {
        guard let context = unsafe zmq_ctx_new() else { throw DealerSocket.failure("zmq_ctx_new") }
        unsafe self.context = unsafe context
        self.bell = bell
        self.lastHeard = lastHeard
        table = CallTable(options: options)
        var opened: [DealerSocket] = []
        do throws(ClientError) {
            for (number, endpoint) in options.endpoints.enumerated() {
                unsafe opened.append(
                    try DealerSocket(context: context, endpoint: endpoint, number: number)
                )
            }
        } catch {
            for socket in opened { socket.close() }
            unsafe zmq_ctx_term(context)
            throw error
        }
        sockets = opened
    }

    func loop(
        stopping: () -> Bool,
        submissions: () -> [(id: UInt64, call: CallTable.Call)]
    ) {
        while !stopping() {
            bell.prepareToSleep()
            for (id, call) in submissions() { table.add(call, id: id) }
            var now = MonotonicClock.now()
            for (endpoint, socket) in sockets.enumerated() where socket.takeDisconnection() {
                table.lost(endpoint: endpoint, now: now)
            }
            for (id, endpoint) in table.sendable(now: now) {
                guard let request = table.request(id) else { continue }
                if sockets[endpoint].send(request) {
                    table.sent(id, now: now)
                } else {
                    table.unsent(id, now: now)
                }
            }
            let received = receiveAll()
            now = MonotonicClock.now()
            table.expire(now: now)
            if received {
                bell.stayAwake()
                continue
            }
            poll(now: now)
            bell.wake()
        }
        bell.stayAwake()
        for (id, call) in submissions() { table.add(call, id: id) }
        table.closeAll()
        for socket in sockets { socket.close() }
        unsafe zmq_ctx_term(context)
    }

    private func receiveAll() -> Bool {
        var hasReceived = false
        for (endpoint, socket) in sockets.enumerated() {
            while unsafe socket.receive({ header, frames in
                let now = MonotonicClock.now()
                lastHeard.endpoint.store(endpoint, ordering: .releasing)
                do throws(ReplyMalformed) {
                    let (id, reply) = unsafe try ReplyDecoder.decode(header, frames: frames)
                    table.reply(id, .success(reply), now: now)
                } catch {
                    let failure = ClientError.failure("malformed reply: \(error)")
                    table.reply(ReplyDecoder.peekId(header), .failure(failure), now: now)
                }
            }) {
                hasReceived = true
            }
        }
        return hasReceived
    }

    private func poll(now: UInt64) {
        var items = unsafe sockets.flatMap(unsafe \.pollItems)
        unsafe items.append(
            zmq_pollitem_t(
                socket: nil,
                fd: bell.descriptor,
                events: Int16(ZMQ_POLLIN),
                revents: 0
            )
        )
        var milliseconds = Self.sleepMilliseconds
        if let due = table.nextDue() {
            milliseconds = min(milliseconds, due > now ? Int((due - now) / 1_000_000) + 1 : 0)
        }
        unsafe zmq_poll(&items, Int32(items.count), milliseconds)
    }
}
