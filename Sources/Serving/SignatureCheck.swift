internal import Catalog
internal import Execution
internal import Tensors

/// Holds the manifest against the artefact.
enum SignatureCheck {
    static func check(_ manifest: Manifest, _ engine: any Engine) throws(LoadFailure) {
        try compare(
            "input",
            manifest.inputs.map(\.signature),
            engine.inputs,
            mustNameAll: true
        )
        try compare(
            "output",
            manifest.outputs.map(\.signature),
            engine.outputs,
            mustNameAll: false
        )
    }

    private static func compare(
        _ kind: String,
        _ stated: [TensorSignature],
        _ found: [TensorSignature],
        mustNameAll: Bool
    ) throws(LoadFailure) {
        for signature in stated {
            guard let actual = found.first(where: { $0.name == signature.name }) else {
                let names = found.map(\.name).joined(separator: ", ")
                throw LoadFailure(
                    "\(kind) '\(signature.name)' of model.yaml is not in the artefact, which has \(names)"
                )
            }
            guard actual == signature else {
                throw LoadFailure(
                    "\(kind) '\(signature.name)' is \(signature.text) in model.yaml and \(actual.text) in the artefact"
                )
            }
        }
        guard mustNameAll else { return }
        for signature in found where !stated.contains(where: { $0.name == signature.name }) {
            throw LoadFailure(
                "\(kind) '\(signature.name)' of the artefact is missing in model.yaml"
            )
        }
    }
}

/// Presents an engine's tensors in the manifest's order.
struct EngineOrder {
    private let inputs: [Int]
    private let outputs: [Int]

    init(_ manifest: Manifest, _ engine: any Engine) throws(LoadFailure) {
        inputs = manifest.inputs.compactMap { input in
            engine.inputs.firstIndex { $0.name == input.signature.name }
        }
        outputs = manifest.outputs.compactMap { output in
            engine.outputs.firstIndex { $0.name == output.signature.name }
        }
    }

    /// The engine itself when the orders agree.
    func wrap(_ engine: any Engine) -> any Engine {
        if inputs == Array(engine.inputs.indices), outputs == Array(engine.outputs.indices) {
            return engine
        }
        return ReorderedEngine(engine, inputs: inputs, outputs: outputs)
    }
}

/// An engine whose tensors are listed in another order, or in part.
private final class ReorderedEngine: Engine {
    private let engine: any Engine
    private let inputOrder: [Int]
    private let outputOrder: [Int]

    init(_ engine: any Engine, inputs: [Int], outputs: [Int]) {
        self.engine = engine
        inputOrder = inputs
        outputOrder = outputs
    }

    var version: String { engine.version }
    var inputs: [TensorSignature] { inputOrder.map { engine.inputs[$0] } }
    var outputs: [TensorSignature] { outputOrder.map { engine.outputs[$0] } }
    var fixedRows: Int? { engine.fixedRows }
    var hasSteadyCost: Bool { engine.hasSteadyCost }
    var evaluation: String { engine.evaluation }
    var devices: [String] { engine.devices }
    var degradation: String? { engine.degradation }
    var deviceCounts: [DeviceCounts] { engine.deviceCounts }

    func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        ReorderedInstance(
            try engine.makeInstance(maximumRows: maximumRows, shapes: shapes),
            inputs: inputOrder,
            outputs: outputOrder
        )
    }
}

private final class ReorderedInstance: EngineInstance {
    private let instance: any EngineInstance
    private let inputs: [Int]
    private let outputs: [Int]

    init(_ instance: any EngineInstance, inputs: [Int], outputs: [Int]) {
        self.instance = instance
        self.inputs = inputs
        self.outputs = outputs
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer {
        unsafe instance.inputMemory(inputs[index])
    }

    func outputMemory(_ index: Int) -> UnsafeRawPointer {
        unsafe instance.outputMemory(outputs[index])
    }

    var answeredBy: Int { instance.answeredBy }
    var rowsOutOfRange: [Int] { instance.rowsOutOfRange }

    func prepare() throws(EngineFailure) { try instance.prepare() }

    func run(rows: Int) throws(EngineFailure) {
        try instance.run(rows: rows)
    }

    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        try unsafe instance.run(rows: rows, lentInput: input)
    }
}
