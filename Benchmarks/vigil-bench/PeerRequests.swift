/// Single events at 64 in flight, over a Triton server of this machine.
struct PeerRequests {
    /// What `triton` prints when it is ready.
    private struct Addresses: Decodable {
        let http: String
        let grpc: String
        let triton: String
        let backend: String
    }

    /// What `oip_load.py` prints of a turn.
    private struct Turn: Decodable {
        let requestsPerSecond: Double
        let failures: Int

        enum CodingKeys: String, CodingKey {
            case requestsPerSecond = "requests_per_second"
            case failures
        }
    }

    private static let inFlight = 64
    private static let target = 20.0
    private static let turnSeconds = 1.0

    let setting: Setting
    let vigild: Vigild

    /// Whether Benchmarks/setup installed Triton: in .cache/triton beside the scripts' folder.
    static func isSetUp(_ setting: Setting) -> Bool {
        TextFile.read("\(setting.peers)/../../.cache/triton/pyvenv.cfg") != nil
    }

    /// The null model by vigild, by gRPC and by HTTP in turn.
    func measure() throws(BenchFailure) -> [Figure] {
        let input = ModelInput.null
        let server = try LinePeer(
            setting,
            "triton",
            [ModelShelf.artefact(input.model, setting), "--name", input.model]
        )
        let addresses = try server.opening(Addresses.self)
        let protocols = [("grpc", addresses.grpc), ("http", addresses.http)]
        var peers: [(name: String, peer: LinePeer)] = []
        for (name, address) in protocols {
            let shape = input.shape.map(String.init).joined(separator: ",")
            let arguments = [
                name, address, input.model, input.name, shape, "--concurrency",
                "\(Self.inFlight)", "--seconds", "1",
            ]
            peers.append((name, try LinePeer(setting, "oip_load.py", arguments)))
        }
        let load = try Load(vigild.endpoint, input.request(rows: 1))
        let replies = try load.replies(
            seconds: Self.turnSeconds * setting.scale,
            window: Self.inFlight
        )
        var contestants: [(name: String, run: () throws(BenchFailure) -> [Double])] = [
            (
                "vigild",
                { () throws(BenchFailure) in
                    [try load.rate(window: Self.inFlight, replies: replies)]
                }
            )
        ]
        for (name, peer) in peers {
            contestants.append(
                (name, { () throws(BenchFailure) in [try Self.turn(name, peer)] })
            )
        }
        let turns = try Interleaving(repetitions: setting.repetitions, contestants)
        let best = zip(turns.of("grpc"), turns.of("http")).map(max)
        let name = "Triton \(addresses.triton), backend \(addresses.backend)"
        let measure = "null, one event, \(Self.inFlight) in flight"
        return [
            Figure(
                "\(measure), over Triton's python backend",
                turns.of("vigild"),
                unit: "requests/s",
                over: "the better of gRPC and HTTP, \(name)",
                best,
                target: .atLeast(Self.target)
            ),
            Figure("\(measure), gRPC, \(name)", turns.of("grpc"), unit: "requests/s"),
            Figure("\(measure), HTTP, \(name)", turns.of("http"), unit: "requests/s"),
        ]
    }

    private static func turn(_ name: String, _ peer: LinePeer) throws(BenchFailure) -> Double {
        let turn = try peer.turn(Turn.self, rows: 1)
        guard turn.failures == 0 else {
            throw BenchFailure("Triton failed \(turn.failures) requests over \(name)")
        }
        return turn.requestsPerSecond
    }
}
