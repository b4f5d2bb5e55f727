internal import CXRT

/// A card, its driver or a run on it broke.
public struct CardFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// XRT's function that failed, as "xrtRunStart".
    public let call: String
    /// Of errno, or -1 where XRT says nothing; of a run's state where `call` is xrtRunWaitFor.
    public let code: Int
    /// What did not work, in words.
    public let message: String

    /// A failure of `call`.
    public init(call: String, code: Int, message: String) {
        self.call = call
        self.code = code
        self.message = message
    }

    /// Whether the run is still under way; after every other failure of a wait it has ended.
    public var isTimeout: Bool {
        call == "xrtRunWaitFor" && code == Int(CXRT_TIMEOUT.rawValue)
    }

    /// One line.
    public var description: String { "\(call) \(code): \(message)" }

    /// What C says.
    init(_ failure: cxrt_failure) {
        var failure = unsafe failure
        call = unsafe String(cString: failure.call)
        code = unsafe Int(failure.code)
        message = unsafe withUnsafeBytes(of: &failure.message) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
