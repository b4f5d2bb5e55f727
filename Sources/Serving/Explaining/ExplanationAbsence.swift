internal import Catalog
internal import Execution
internal import Lanes

/// Why a version that says how its scores are explained cannot do so; it serves all the same.
package struct ExplanationAbsence: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The engine of a version's gradient graph, made the way the model's own is.
enum GradientEngine {
    /// nil where the manifest asks for no graph, or there is none to read.
    static func make(
        _ source: ModelSource,
        by makeEngine: @escaping ModelRoster.EngineMaker
    ) -> Result<any Engine, ExplanationAbsence>? {
        guard let graph = source.gradient else { return nil }
        do throws(EngineFailure) {
            // Threads of its own, which will answer requests, must not give way.
            return .success(
                source.manifest.threads > 1
                    ? try makeEngine(graph)
                    : try LaneThread.givingWay { () throws(EngineFailure) in try makeEngine(graph) }
            )
        } catch {
            let file = source.manifest.explanation?.gradient ?? ""
            return .failure(ExplanationAbsence("\(source.version)/\(file): \(error)"))
        }
    }
}
