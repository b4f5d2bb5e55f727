public import Messages

/// What the operations pages are read from; the daemon is one.
///
/// Every method is called from the cooperative pool and returns without waiting.
public protocol OperationsSource: Sendable {
    /// Whether requests are welcome, and why not.
    func readiness() -> Readiness
    /// Whether every lane moves.
    func isLive() -> Bool
    /// Metrics as Prometheus text, exposition format 0.0.4.
    func metrics() -> [UInt8]
    /// Every model and version.
    func models() -> [ModelDescription]
    /// How the events of every version compare with its references.
    func monitoring() -> [ModelMonitoring]
}
