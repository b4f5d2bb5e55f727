internal import Execution
internal import Tensors

/// An engine whose outputs of 16 bits are given a second time, as float32.
///
/// What calibrates, watches and compares reads float32: it takes the second ones, which hold the same
/// numbers exactly. Answers of the outputs themselves are copied from the first.
final class WidenedEngine: Engine {
    private let engine: any Engine
    /// Outputs that are widened, in order.
    private let narrow: [Int]

    private init(_ engine: any Engine, narrow: [Int]) {
        self.engine = engine
        self.narrow = narrow
    }

    /// The engine itself where it has no output of 16 bits.
    static func wrap(_ engine: any Engine) -> any Engine {
        let narrow = engine.outputs.indices.filter { engine.outputs[$0].type.isHalf }
        return narrow.isEmpty ? engine : WidenedEngine(engine, narrow: narrow)
    }

    /// Where an output's numbers lie as float32, of those that a manifest lists.
    static func place(of output: Int, among outputs: [TensorSignature]) -> Int {
        guard outputs[output].type.isHalf else { return output }
        return outputs.count + outputs[..<output].count { $0.type.isHalf }
    }

    var version: String { engine.version }
    var inputs: [TensorSignature] { engine.inputs }
    var outputs: [TensorSignature] {
        engine.outputs
            + narrow.map { output in
                let signature = engine.outputs[output]
                return TensorSignature(
                    name: signature.name,
                    type: .float32,
                    shape: signature.shape
                )
            }
    }
    var knownPlan: MicroBatchPlan? { engine.knownPlan }
    var fixedRows: Int? { engine.fixedRows }
    var hasSteadyCost: Bool { engine.hasSteadyCost }
    var evaluation: String { engine.evaluation }

    func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        WidenedInstance(
            try engine.makeInstance(maximumRows: maximumRows, shapes: shapes),
            outputs: engine.outputs,
            narrow: narrow,
            maximumRows: maximumRows
        )
    }

    func makeExplainer(
        background: [Float]?
    ) throws(EngineFailure) -> (any StructureExplainer)? {
        try engine.makeExplainer(background: background)
    }
}

/// The memory of one lane's widened outputs.
@safe
private final class WidenedInstance: EngineInstance {
    /// An output of 16 bits.
    private struct Narrow {
        let output: Int
        let type: ElementType
        /// Numbers of an event.
        let elements: Int
    }

    private let instance: any EngineInstance
    private let outputs: Int
    private let narrow: [Narrow]
    /// Of each of them, as float32.
    private let widened: [UnsafeMutablePointer<Float>]

    init(
        _ instance: any EngineInstance,
        outputs: [TensorSignature],
        narrow: [Int],
        maximumRows: Int
    ) {
        self.instance = instance
        self.outputs = outputs.count
        self.narrow = narrow.map { output in
            let signature = outputs[output]
            return Narrow(output: output, type: signature.type, elements: signature.elementCount)
        }
        unsafe widened = self.narrow.map { narrow in
            let count = max(maximumRows * narrow.elements, 1)
            let floats = UnsafeMutablePointer<Float>.allocate(capacity: count)
            unsafe floats.initialize(repeating: 0, count: count)
            return unsafe floats
        }
    }

    deinit {
        for index in unsafe widened.indices { unsafe widened[index].deallocate() }
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer {
        unsafe instance.inputMemory(index)
    }

    func outputMemory(_ index: Int) -> UnsafeRawPointer {
        guard index >= outputs else { return unsafe instance.outputMemory(index) }
        return unsafe UnsafeRawPointer(widened[index - outputs])
    }

    func prepare() throws(EngineFailure) { try instance.prepare() }

    func run(rows: Int) throws(EngineFailure) {
        try instance.run(rows: rows)
        widen(rows)
    }

    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        try unsafe instance.run(rows: rows, lentInput: input)
        widen(rows)
    }

    private func widen(_ rows: Int) {
        for index in narrow.indices {
            let part = narrow[index]
            let memory = unsafe instance.outputMemory(part.output)
            for element in 0..<rows * part.elements {
                let word = unsafe memory.load(fromByteOffset: element * 2, as: UInt16.self)
                unsafe widened[index][element] = part.type.float(ofHalf: word)
            }
        }
    }
}
