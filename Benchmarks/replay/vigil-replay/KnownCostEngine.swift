import Execution
import Tensors

/// An engine at shapes and costs that are stated, so that where and how requests run does not
/// depend on the machine.
final class KnownCostEngine: Engine {
    private let engine: any Engine
    let knownPlan: MicroBatchPlan?
    /// What is stated holds whatever the values are.
    let hasSteadyCost = true

    init(_ engine: any Engine, plan: MicroBatchPlan) {
        self.engine = engine
        knownPlan = plan
    }

    var version: String { engine.version }
    var inputs: [TensorSignature] { engine.inputs }
    var outputs: [TensorSignature] { engine.outputs }
    var fixedRows: Int? { engine.fixedRows }

    func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        try engine.makeInstance(maximumRows: maximumRows, shapes: shapes)
    }
}
