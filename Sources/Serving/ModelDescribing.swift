internal import Tensors
internal import Catalog
internal import Execution
internal import Messages

extension ModelDescription {
    /// A version that serves.
    init(
        source: ModelSource,
        engineVersion: String,
        evaluation: String,
        calibrationId: String?,
        calibrationDate: String?,
        calibrationReason: String?,
        bins: [BinEvents],
        plan: MicroBatchPlan,
        refusedShapes: [Int],
        warnings: [String],
        explanation: ExplanationDescription?
    ) {
        self.init(source: source)
        self.explanation = explanation
        self.engineVersion = engineVersion
        engine = engineVersion.split(separator: " ").first.map(String.init) ?? engineVersion
        self.evaluation = evaluation
        state = .serving
        calibration = calibrationId
        self.calibrationDate = calibrationDate
        self.calibrationReason = calibrationReason
        self.bins = bins
        ladder = plan.steps.map { (rows: $0.rows, nanoseconds: $0.nanoseconds) }
        reasons += warnings
        if !refusedShapes.isEmpty {
            reasons.append(
                "micro-batches of \(refusedShapes.map(String.init).joined(separator: ", ")) events give other bits and are not used"
            )
        }
    }

    /// What files alone tell.
    init(source: ModelSource) {
        self.init()
        let manifest = source.manifest
        name = manifest.name
        version = source.version
        digest = source.digest
        task = manifest.task.rawValue
        engine = manifest.engine.rawValue
        precision = manifest.precision.rawValue
        device = manifest.device.text
        deviceClass = manifest.device.deviceClass.rawValue
        isRequired = manifest.isRequired
        folder = source.folder
        summary = manifest.summary
        monitored = manifest.monitored
        coverage = manifest.uncertainty.isEmpty ? nil : manifest.coverage
        inputs = manifest.inputs.map { input in
            var description = TensorDescription(signature: input.signature)
            description.unit = input.unit
            description.meaning = input.meaning
            description.features = input.features.map(\.name)
            description.raggedMaximum = input.raggedMaximum ?? 0
            description.nonfinite = input.nonfinite.rawValue
            return description
        }
        outputs = manifest.outputs.map { output in
            var description = TensorDescription(signature: output.signature)
            description.unit = output.unit
            description.meaning = output.meaning
            return description
        }
        uncertainty = manifest.uncertainty.map(UncertaintyDescription.init)
        regions = manifest.regions.map {
            RegionDescription(outputs: $0.outputs, coverages: $0.coverages)
        }
    }
}

extension UncertaintyDescription {
    fileprivate init(_ entry: Manifest.Uncertainty) {
        self.init()
        output = entry.output
        method = entry.method.rawValue
        lower = entry.lower ?? ""
        upper = entry.upper ?? ""
        sigma = entry.sigma ?? ""
        truth = entry.truth
        classes = entry.classes.map { ClassDescription(name: $0.name, labels: $0.labels) }
        if entry.method == .raps {
            penalty = entry.penalty
            freeRanks = entry.freeRanks
        }
        if entry.isInterval { side = entry.side.rawValue }
        bins = entry.bins.map(BinAxis.init)
        weight = entry.weight.map(BinAxis.init)
    }
}

extension BinAxis {
    fileprivate init(_ axis: Manifest.BinAxis) {
        switch axis.column {
        case .input(let tensor, let feature):
            self.init(source: "input", name: tensor, feature: feature, edges: axis.edges)
        case .output(let name):
            self.init(source: "output", name: name, edges: axis.edges)
        case .request(let name):
            self.init(source: "request", name: name, edges: axis.edges)
        }
    }
}
