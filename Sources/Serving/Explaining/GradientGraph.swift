internal import Catalog
internal import Execution
internal import Messages
internal import Tensors

/// The graph that gives an output's gradient, ready to run on the explaining lane.
@safe
final class GradientGraph: @unchecked Sendable {
    // Safe because only the lane's thread uses it once that runs.
    /// Largest shape that is tried; gradients are memory-bound soon.
    private static let maximumRows = 64

    private let plan: MicroBatchPlan
    private let instance: any EngineInstance
    /// Numbers of a row.
    private let features: Int

    /// Checks the graph against the model's input, measures and warms it.
    ///
    /// A shape at which a row's bits depend on its neighbours is not used.
    init(
        _ engine: any Engine,
        input: TensorSignature,
        manifest: Manifest,
        ranges: [[ShapeProbe.Range]]
    ) throws(ExplanationAbsence) {
        guard engine.inputs == [input] else {
            let found = engine.inputs.map { "'\($0.name)' \($0.text)" }.joined(separator: ", ")
            throw ExplanationAbsence(
                "the gradient graph takes \(found), allowed is the model's input '\(input.name)' \(input.text)"
            )
        }
        guard engine.outputs.count == 1, engine.outputs[0].shape == input.shape,
            engine.outputs[0].type == .float32
        else {
            let found = engine.outputs.map(\.text).joined(separator: ", ")
            throw ExplanationAbsence(
                "the gradient graph gives \(found.isEmpty ? "nothing" : found), allowed is one output like the input, \(input.text)"
            )
        }
        features = input.elementCount
        let shapes = ShapeProbe.shapes(
            maximumRows: min(manifest.maximumRows, Self.maximumRows),
            fixedRows: engine.fixedRows,
            isSingle: manifest.hasSingleShape
        )
        do throws(EngineFailure) {
            let ladder = try ShapeProbe(engine: engine, ranges: ranges)
                .measure(shapes: shapes, isReproducible: manifest.isReproducible)
            let plan = MicroBatchPlan(steps: ladder.steps)
            instance = try engine.makeInstance(
                maximumRows: plan.bestRows,
                shapes: plan.steps.map(\.rows).filter { $0 <= plan.bestRows }
            )
            self.plan = plan
        } catch {
            throw ExplanationAbsence("the gradient graph does not run: \(error)")
        }
    }

    /// Rows that run at once.
    var pieceRows: Int { plan.bestRows }

    /// What a row costs among many.
    var nanosecondsPerRow: Double {
        Double(plan.nanoseconds(for: plan.bestRows)) / Double(plan.bestRows)
    }

    /// Gradients at `count` rows, written one by one by `write`; all numbers of a row after the other.
    func gradients(
        _ count: Int,
        pause: () throws(Refusal) -> Void,
        write: (_ row: Int, _ buffer: inout MutableSpan<Float>, _ offset: Int) -> Void
    ) throws(Refusal) -> [Float] {
        var gradients: [Float] = []
        gradients.reserveCapacity(count * features)
        var first = 0
        while first < count {
            try pause()
            let shape = plan.shape(for: count - first)
            let rows = min(shape, count - first)
            let buffer = unsafe UnsafeMutableBufferPointer(
                start: instance.inputMemory(0).assumingMemoryBound(to: Float.self),
                count: shape * features
            )
            var span = unsafe buffer.mutableSpan
            for row in 0..<shape {
                // Rows beyond are the first again: what lay there could make the engine fail.
                write(row < rows ? first + row : first, &span, row * features)
            }
            do throws(EngineFailure) {
                try instance.run(rows: shape)
            } catch {
                throw Refusal(.internal, "the gradient graph failed: \(error)")
            }
            let output = unsafe instance.outputMemory(0).assumingMemoryBound(to: Float.self)
            unsafe gradients.append(
                contentsOf: UnsafeBufferPointer(start: output, count: rows * features)
            )
            first += rows
        }
        return gradients
    }
}
