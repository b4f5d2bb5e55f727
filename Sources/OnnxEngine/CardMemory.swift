/// Tells that it was the manifest's own limit, and not the card, that memory came to an end at.
enum CardMemory {
    /// What ONNX Runtime says where its arena may take no more.
    private static let words = "is smaller than requested bytes of "

    /// The library's words, with the key that sets the limit where it was reached.
    static func explain(_ message: String, limit mebibytes: Int?) -> String {
        guard let mebibytes, message.contains(words) else { return message }
        return "\(message) (the manifest allows memory_mebibytes: \(mebibytes))"
    }
}
