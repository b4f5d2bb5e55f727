internal import COnnxRuntime
public import Execution

/// ONNX Runtime, opened at run time from a path that settings give.
///
/// Kept for the life of the process: the library cannot be unloaded safely.
@safe
public final class OnnxRuntimeLibrary: @unchecked Sendable {
    // Safe because the table and the environment are immutable and documented thread-safe.
    let api: ort_table
    let environment: OpaquePointer
    /// The library's own version, as "1.32.0".
    public let version: String

    /// Severity of the library's own log lines on standard error: errors only.
    private static let severity: Int32 = 3
    private static let messageBytes = 1024

    /// Opens the library at `path` (a name without a slash is searched by the loader).
    public init(path: String) throws(EngineFailure) {
        var text: UnsafePointer<CChar>?
        var message = [CChar](repeating: 0, count: Self.messageBytes)
        guard let api = unsafe ort_open(path, &text, &message, message.count) else {
            throw EngineFailure(call: "dlopen", message: Self.text(message))
        }
        unsafe self.api = api
        version = unsafe text.map { unsafe String(cString: $0) } ?? "unknown"
        var environment: OpaquePointer?
        try unsafe Self.check(
            api,
            "CreateEnv",
            ort_create_env(api, Self.severity, "vigil", &environment)
        )
        guard let environment = unsafe environment else {
            throw EngineFailure(call: "CreateEnv", message: "no environment")
        }
        unsafe self.environment = environment
    }

    /// The text before the NUL.
    static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Turns a status into a failure, and releases it.
    static func check(
        _ api: ort_table,
        _ call: String,
        _ status: OpaquePointer?
    ) throws(EngineFailure) {
        guard let status = unsafe status else { return }
        let message = unsafe ort_status_message(api, status).map { unsafe String(cString: $0) }
        unsafe ort_release_status(api, status)
        throw EngineFailure(call: call, message: message.map(words) ?? "no message")
    }

    /// What the library says without the place in its source and its code, which stand before it as in
    /// "provider.cc:2043 Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library".
    static func words(_ message: String) -> String {
        guard let mark = message.firstRange(of: "[ONNXRuntimeError] : ") else { return message }
        var rest = message[mark.upperBound...]
        for _ in 0..<2 {
            guard let end = rest.firstRange(of: " : ") else { return message }
            rest = rest[end.upperBound...]
        }
        return String(rest)
    }
}
