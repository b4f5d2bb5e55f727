internal import Execution
internal import Synchronization

/// How runs on a graphics card get at the host's memory, and why not better: for people.
///
/// Shared by an engine and its instances.
final class CardUse: Sendable {
    /// Number of the card.
    let card: Int
    /// Nil where it cannot be opened.
    let runtime: CUDARuntime?
    private let shortcoming: Mutex<EngineFailure?>

    /// Opens CUDA's library, which is best done once the provider has brought its own.
    init(card: Int) {
        self.card = card
        do throws(EngineFailure) {
            runtime = try CUDARuntime()
            shortcoming = Mutex(nil)
        } catch {
            runtime = nil
            shortcoming = Mutex(error)
        }
    }

    /// Puts down why memory is not pinned; the first reason is told.
    func lacksPinnedMemory(_ failure: EngineFailure) {
        shortcoming.withLock { $0 = $0 ?? failure }
    }

    /// As "runs from pinned memory".
    var text: String {
        guard let failure = shortcoming.withLock({ $0 }) else { return "runs from pinned memory" }
        return "runs from pageable memory, for \(failure)"
    }
}
