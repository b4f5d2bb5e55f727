internal import Tensors

/// A model version as JSON shows it: `/v1/models` and `vigil models --json`.
public struct ModelReport: Encodable, Sendable {
    /// An input or output.
    public struct Tensor: Encodable, Sendable {
        let name: String
        let type: String
        /// Of one event; -1 where it varies.
        let shape: [Int]
        let unit: String
        let meaning: String
        let features: [String]
    }

    /// A micro-batch shape that is used, and what one run of it took when the model was loaded.
    public struct Step: Encodable, Sendable {
        let rows: Int
        let nanoseconds: Int
    }

    /// How scores are explained on request.
    public struct Explanation: Encodable, Sendable {
        let output: String
        let method: String
        let features: [String]
        let background: String?
        let background_rows: Int
        let gradient: String?
        let evaluations: Int
        let nanoseconds: Int
        let limit_nanoseconds: Int
        let reason: String?
    }

    let name: String
    let version: String
    let digest: String
    let state: String
    let required: Bool
    let reasons: [String]
    let task: String
    let summary: String
    let engine: String
    let evaluation: String
    let precision: String
    let device: String
    let inputs: [Tensor]
    let outputs: [Tensor]
    let calibration: String?
    let calibration_date: String?
    let calibration_reason: String?
    let folder: String
    let micro_batches: [Step]
    let explanation: Explanation?

    /// What a description says.
    public init(_ model: ModelDescription) {
        name = model.name
        version = model.version
        digest = model.digest
        state = model.state.rawValue
        required = model.isRequired
        reasons = model.reasons
        task = model.task
        summary = model.summary
        engine = model.engineVersion
        evaluation = model.evaluation
        precision = model.precision
        device = model.device
        inputs = model.inputs.map(Tensor.init)
        outputs = model.outputs.map(Tensor.init)
        calibration = model.calibration
        calibration_date = model.calibrationDate
        calibration_reason = model.calibrationReason
        folder = model.folder
        micro_batches = model.ladder.map { Step(rows: $0.rows, nanoseconds: $0.nanoseconds) }
        explanation = model.explanation.map(Explanation.init)
    }
}

extension ModelReport.Explanation {
    fileprivate init(_ explanation: ExplanationDescription) {
        output = explanation.output
        method = explanation.method
        features = explanation.features
        background = explanation.background
        background_rows = explanation.backgroundRows
        gradient = explanation.gradient
        evaluations = explanation.evaluations
        nanoseconds = explanation.nanoseconds
        limit_nanoseconds = explanation.limitNanoseconds
        reason = explanation.reason
    }
}

extension ModelReport.Tensor {
    fileprivate init(_ tensor: TensorDescription) {
        name = tensor.signature.name
        type = tensor.signature.type.name
        shape = tensor.signature.shape
        unit = tensor.unit
        meaning = tensor.meaning
        features = tensor.features
    }
}
