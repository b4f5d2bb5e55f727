internal import CCUDA
internal import Execution

/// CUDA's runtime library, which memory for a card comes from.
///
/// Opened at run time where a model is on a card, and never closed; any thread may use it.
struct CUDARuntime: Sendable {
    /// Opens it; the same again is free.
    init() throws(EngineFailure) {
        var failure = unsafe ccuda_failure()
        guard unsafe ccuda_open(&failure) != nil else { throw unsafe EngineFailure(failure) }
    }
}

extension EngineFailure {
    /// What C says.
    init(_ failure: ccuda_failure) {
        var failure = unsafe failure
        let call = unsafe String(cString: failure.call)
        let message = unsafe withUnsafeBytes(of: &failure.message) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(
            call: call,
            message: message,
            isDeviceLost: GraphicsCardLoss.isLoss(message)
        )
    }
}
