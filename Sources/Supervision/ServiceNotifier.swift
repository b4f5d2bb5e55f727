internal import CLinux
internal import Glibc

/// Tells systemd how the service fares: the protocol of sd_notify(3), one datagram a message.
///
/// Every method does nothing when no service manager listens. A datagram that cannot be sent is
/// no reason to stop serving: it is reported to the caller, which logs it.
public struct ServiceNotifier: Sendable {
    private let address: String?
    /// How often `feedWatchdog()` must be called: half of what systemd allows, as
    /// sd_watchdog_enabled(3) asks; nil when no watchdog watches this process.
    public let watchdogNanoseconds: UInt64?

    /// A notifier of the process whose id is `processId`.
    public init(_ environment: ServiceEnvironment, processId: Int32) {
        address = environment["NOTIFY_SOCKET"]
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(processId) } ?? true
        if isOurs, let limit = environment["WATCHDOG_USEC"].flatMap(UInt64.init), limit > 0 {
            watchdogNanoseconds = limit.multipliedReportingOverflow(by: 500).partialValue
        } else {
            watchdogNanoseconds = nil
        }
    }

    /// Start-up, or a reload, is finished.
    public func ready() throws(SupervisionFailure) { try send("READY=1") }

    /// One line that `systemctl status` shows.
    public func status(_ line: String) throws(SupervisionFailure) {
        let clean = line.unicodeScalars.map { $0.value < 32 ? " " : String($0) }.joined()
        try send("STATUS=\(clean)")
    }

    /// The service is on its way out.
    public func stopping() throws(SupervisionFailure) { try send("STOPPING=1") }

    /// A reload has begun at `nanoseconds` of the monotonic clock; `ready()` ends it.
    public func reloading(nanoseconds: UInt64) throws(SupervisionFailure) {
        try send("RELOADING=1\nMONOTONIC_USEC=\(nanoseconds / 1000)")
    }

    /// Start-up or stop goes on for up to `seconds` from now, and is not stuck.
    public func extendTimeout(seconds: Int) throws(SupervisionFailure) {
        try send("EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)")
    }

    /// The service is alive.
    public func feedWatchdog() throws(SupervisionFailure) { try send("WATCHDOG=1") }

    /// The start failed for the reason that an errno gives.
    public func failed(errno code: Int32) throws(SupervisionFailure) { try send("ERRNO=\(code)") }

    private func send(_ text: String) throws(SupervisionFailure) {
        guard let address else { return }
        let code = unsafe clinux_send_datagram(address, text, text.utf8.count)
        guard code == 0 else {
            throw SupervisionFailure(
                unsafe "cannot notify the service manager: \(String(cString: strerror(code)))"
            )
        }
    }
}
