internal import Execution
internal import Synchronization

/// How runs on a graphics card are made, and why not better: for people.
///
/// Shared by an engine and its instances.
final class CardUse: Sendable {
    private enum Graph {
        case none
        case captured
        case failed(EngineFailure)
    }

    private struct State {
        var memory: EngineFailure?
        var graph = Graph.none
    }

    /// Number of the card.
    let card: Int
    /// Whether memory of the host is pinned for it.
    let pinsMemory: Bool
    private let runtime: Result<CUDARuntime, EngineFailure>
    private let state = Mutex(State())

    /// Opens CUDA's library, which is best done once the provider has brought its own.
    init(card: Int, pinsMemory: Bool) {
        self.card = card
        self.pinsMemory = pinsMemory
        runtime = Result { () throws(EngineFailure) in try CUDARuntime() }
        if case .failure(let failure) = runtime { lacksPinnedMemory(failure) }
    }

    /// The library, or why there is none.
    func openRuntime() throws(EngineFailure) -> CUDARuntime { try runtime.get() }

    /// Whether there is the library.
    var hasRuntime: Bool {
        if case .success = runtime { true } else { false }
    }

    /// Puts down why memory is not pinned; the first reason is told.
    func lacksPinnedMemory(_ failure: EngineFailure) {
        state.withLock { $0.memory = $0.memory ?? failure }
    }

    /// Puts down that lanes run graphs.
    func hasGraph() {
        state.withLock { $0.graph = .captured }
    }

    /// Puts down why lanes run none.
    func lacksGraph(_ failure: EngineFailure) {
        state.withLock { $0.graph = .failed(failure) }
    }

    /// As "a CUDA graph, from pinned memory".
    var text: String {
        let state = state.withLock { $0 }
        let memory: String
        if pinsMemory {
            memory = state.memory.map { "from pageable memory, for \($0)" } ?? "from pinned memory"
        } else {
            memory = "from pageable memory"
        }
        switch state.graph {
        case .none: return "runs \(memory)"
        case .captured: return "a CUDA graph, \(memory)"
        case .failed(let failure): return "runs \(memory); no CUDA graph, for \(failure)"
        }
    }
}
