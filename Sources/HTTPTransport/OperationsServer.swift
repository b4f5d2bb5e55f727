internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
public import Logging
internal import Messages
internal import NIOCore

/// `/livez`, `/readyz`, `/metrics`, `/v1/models` and `/v1/monitoring` on a port of their own.
public struct OperationsServer: Sendable {
    /// Connections served at once; more wait in the listener's queue.
    private static let maximumConnections = 64
    /// A connection on which nothing happens for this long is closed.
    private static let idleSeconds: Int64 = 30

    private let host: String
    private let port: Int
    private let source: any OperationsSource
    private let token: [UInt8]?
    private let logger: Logger

    /// A server for `host` and `port`; 0 lets the system choose one.
    ///
    /// With a `token`, metrics, models and monitoring are shown only to those who send it as
    /// `Authorization: Bearer`; probes always get an answer.
    public init(
        host: String,
        port: Int,
        source: any OperationsSource,
        token: [UInt8]?,
        logger: Logger
    ) {
        self.host = host
        self.port = port
        self.source = source
        self.token = token
        self.logger = logger
    }

    /// Serves until the task is cancelled.
    ///
    /// - Parameter started: Called once, with the address that the server listens at.
    /// - Throws: When the address cannot be listened at.
    public func run(started: @escaping @Sendable (String) -> Void) async throws {
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        let application = Application(
            router: router(),
            server: .http1(configuration: .init(idleTimeout: .seconds(Self.idleSeconds))),
            configuration: .init(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)
            ),
            onServerRunning: { [host] channel in
                started("http://\(host):\(channel.localAddress?.port ?? 0)")
            },
            logger: quiet
        )
        try await application.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let source = source
        let gate = TokenGate(token: token)
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.get("/livez") { _, _ in
            let isLive = source.isLive()
            return try Page.json(
                Probe(
                    status: isLive ? "live" : "stuck",
                    reasons: isLive ? [] : ["a lane is stuck"]
                ),
                status: isLive ? .ok : .serviceUnavailable
            )
        }
        router.get("/readyz") { _, _ in
            let readiness = source.readiness()
            return try Page.json(
                Probe(
                    status: readiness.word,
                    reasons: readiness.reasons,
                    degraded: readiness.degraded
                ),
                status: readiness.isReady ? .ok : .serviceUnavailable
            )
        }
        router.get("/metrics") { request, _ in
            guard gate.admits(request.headers) else { return try gate.refusal() }
            return Page.bytes(source.metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get("/v1/models") { request, _ in
            guard gate.admits(request.headers) else { return try gate.refusal() }
            return try Page.json(source.models().map(ModelReport.init))
        }
        router.get("/v1/monitoring") { request, _ in
            guard gate.admits(request.headers) else { return try gate.refusal() }
            return try Page.json(source.monitoring().map(MonitoringReport.init))
        }
        router.get("**") { request, _ in
            try Page.refusal(
                .notFound,
                "found \(request.uri.path), allowed are /livez, /readyz, /metrics, /v1/models and /v1/monitoring",
                field: "path"
            )
        }
        return router
    }
}

/// What a probe answers.
private struct Probe: Encodable {
    let status: String
    let reasons: [String]
    var degraded: [String]?
}
