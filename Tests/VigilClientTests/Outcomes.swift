import Synchronization
import VigilClient
import Wire

/// How calls ended, in order.
final class Outcomes: Sendable {
    private let list = Mutex<[String]>([])

    var texts: [String] { list.withLock { $0 } }

    func add(_ id: UInt64, _ result: Result<DecodedReply, ClientError>) {
        let text =
            switch result {
            case .success: "reply"
            case .failure(let error): error.description
            }
        list.withLock { $0.append("\(id): \(text)") }
    }
}
