/// Tells from the library's words whether a card is lost to this process.
///
/// CUDA's errors stay once a kernel failed: every later call gives the same one. Too little memory is
/// an error of one run, and what a capture forbids one of one call. ONNX Runtime's providers say "CUDA
/// failure NUMBER: ...", "CUDNN failure NUMBER: NAME" and "CUBLAS failure NUMBER: NAME".
enum GraphicsCardLoss {
    /// CUDA's number for too little memory.
    private static let outOfMemory = 2
    /// CUDA's numbers for what may not be done while a graph is captured, and for captures that fail.
    private static let captures = 900...908

    static func isLoss(_ message: String) -> Bool {
        if let number = number(after: "CUDA failure ", in: message) {
            return number != outOfMemory && !captures.contains(number)
        }
        let isLibraries =
            message.contains("CUDNN failure ") || message.contains("CUBLAS failure ")
        return isLibraries
            && (message.contains("EXECUTION_FAILED") || message.contains("INTERNAL_ERROR"))
    }

    private static func number(after words: String, in message: String) -> Int? {
        message.firstRange(of: words).flatMap { range in
            Int(message[range.upperBound...].prefix { $0.isNumber })
        }
    }
}
