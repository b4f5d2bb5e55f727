internal import CWireMessages
internal import Messages
internal import Tensors

/// C structures of control replies as values.
enum ControlDecoder {
    static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }

    static func texts(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
        _ count: Int
    ) -> [String] {
        guard let list = unsafe list else { return [] }
        return (0..<count).map { unsafe text(list[$0]) }
    }

    static func numbers<Number>(_ list: UnsafeMutablePointer<Number>?, _ count: Int) -> [Number] {
        guard let list = unsafe list else { return [] }
        return (0..<count).map { unsafe list[$0] }
    }

    static func status(_ message: Vigil__V1__StatusReply) -> DaemonStatus {
        var status = DaemonStatus()
        status.version = unsafe text(message.version)
        status.isReady = unsafe message.ready != 0
        status.reasons = unsafe texts(message.reasons, message.n_reasons)
        status.uptimeMicroseconds = unsafe message.uptime_microseconds
        status.endpoints = unsafe texts(message.endpoints, message.n_endpoints)
        status.requests = unsafe message.requests
        status.refusals = unsafe message.refusals
        status.events = unsafe message.events
        status.inFlight = unsafe message.in_flight
        status.degraded = unsafe texts(message.degraded, message.n_degraded)
        return status
    }

    static func report(_ message: Vigil__V1__CalibrationsReply) -> CalibrationsReport {
        var report = CalibrationsReport()
        report.model = unsafe text(message.model)
        report.version = unsafe text(message.version)
        report.problem = unsafe text(message.problem)
        report.calibrations = unsafe (0..<message.n_calibrations).compactMap { index in
            guard let entry = unsafe message.calibrations[index]?.pointee else { return nil }
            return unsafe CalibrationState(
                id: text(entry.id),
                date: text(entry.date),
                parent: text(entry.parent),
                truths: Int(clamping: entry.truths),
                events: Int(clamping: entry.events),
                isInUse: entry.in_use != 0
            )
        }
        report.coverage = unsafe (0..<message.n_coverage).compactMap { index in
            unsafe message.coverage[index].map { unsafe standing($0.pointee) }
        }
        return report
    }

    static func standing(_ message: Vigil__V1__CoverageStanding) -> CoverageStanding {
        unsafe CoverageStanding(
            output: text(message.output),
            stream: text(message.stream),
            bin: text(message.bin),
            coverage: message.coverage,
            events: Int(clamping: message.events),
            covered: Int(clamping: message.covered),
            low: message.has_low != 0 ? message.low : .nan,
            high: message.has_high != 0 ? message.high : .nan,
            standing: text(message.standing)
        )
    }

    static func models(_ message: Vigil__V1__ModelsReply) -> [ModelDescription] {
        unsafe (0..<message.n_models).compactMap { index in
            unsafe message.models[index].map { unsafe model($0.pointee) }
        }
    }

    private static func model(_ message: Vigil__V1__ModelDescription) -> ModelDescription {
        var model = ModelDescription()
        model.name = unsafe text(message.name)
        model.version = unsafe text(message.version)
        model.digest = unsafe text(message.digest)
        model.task = unsafe text(message.task)
        model.engine = unsafe text(message.engine)
        model.engineVersion = unsafe text(message.engine_version)
        model.precision = unsafe text(message.precision)
        model.device = unsafe text(message.device)
        model.deviceClass = unsafe text(message.device_class)
        model.state = unsafe ModelDescription.State(rawValue: text(message.state)) ?? .failed
        model.reasons = unsafe texts(message.reasons, message.n_reasons)
        model.isRequired = unsafe message.required != 0
        model.summary = unsafe text(message.description)
        model.evaluation = unsafe text(message.evaluation)
        model.monitored = unsafe texts(message.monitored, message.n_monitored)
        model.folder = unsafe text(message.folder)
        model.calibration = unsafe message.calibration.map { unsafe text($0) }
        model.calibrationDate = unsafe message.calibration_date.map { unsafe text($0) }
        model.calibrationReason = unsafe message.calibration_reason.map { unsafe text($0) }
        model.coverage = unsafe message.has_coverage != 0 ? message.coverage : nil
        model.inputs = unsafe tensors(message.inputs, message.n_inputs)
        model.outputs = unsafe tensors(message.outputs, message.n_outputs)
        model.uncertainty = unsafe (0..<message.n_uncertainty).compactMap { index in
            unsafe message.uncertainty[index].map { unsafe uncertainty($0.pointee) }
        }
        let rows = unsafe numbers(message.ladder_rows, message.n_ladder_rows)
        let times = unsafe numbers(message.ladder_nanoseconds, message.n_ladder_nanoseconds)
        model.ladder = zip(rows, times).map {
            (rows: Int(clamping: $0), nanoseconds: Int(clamping: $1))
        }
        model.bins = unsafe bins(message.bins, message.n_bins)
        model.regions = unsafe (0..<message.n_regions).compactMap { index in
            unsafe message.regions[index].map {
                unsafe RegionDescription(
                    outputs: texts($0.pointee.outputs, $0.pointee.n_outputs),
                    coverages: numbers($0.pointee.coverages, $0.pointee.n_coverages)
                )
            }
        }
        model.explanation = unsafe message.explanation.map { unsafe explanation($0.pointee) }
        return model
    }

    private static func explanation(
        _ message: Vigil__V1__ExplanationDescription
    ) -> ExplanationDescription {
        var explanation = ExplanationDescription()
        explanation.output = unsafe text(message.output)
        explanation.method = unsafe text(message.method)
        explanation.features = unsafe texts(message.features, message.n_features)
        explanation.background = unsafe message.background.map { unsafe text($0) }
        explanation.backgroundRows = unsafe Int(clamping: message.background_rows)
        explanation.gradient = unsafe message.gradient.map { unsafe text($0) }
        explanation.evaluations = unsafe Int(clamping: message.evaluations)
        explanation.nanoseconds = unsafe Int(clamping: message.nanoseconds)
        explanation.limitNanoseconds = unsafe Int(clamping: message.limit_nanoseconds)
        explanation.reason = unsafe message.reason.map { unsafe text($0) }
        return explanation
    }

    private static func tensors(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__TensorDescription>?>?,
        _ count: Int
    ) -> [TensorDescription] {
        (0..<count).compactMap { index in
            guard let entry = unsafe list?[index]?.pointee,
                let code = unsafe UInt8(exactly: entry.type.rawValue),
                let type = ElementType(rawValue: code)
            else { return nil }
            let shape = unsafe numbers(entry.shape, entry.n_shape).map { max(1, Int($0)) }
            var tensor = unsafe TensorDescription(
                signature: TensorSignature(name: text(entry.name), type: type, shape: shape)
            )
            tensor.unit = unsafe text(entry.unit)
            tensor.meaning = unsafe text(entry.meaning)
            tensor.features = unsafe texts(entry.features, entry.n_features)
            tensor.raggedMaximum = unsafe Int(clamping: entry.ragged_maximum)
            tensor.nonfinite = unsafe text(entry.nonfinite)
            return tensor
        }
    }

    private static func uncertainty(
        _ message: Vigil__V1__UncertaintyDescription
    ) -> UncertaintyDescription {
        var entry = UncertaintyDescription()
        entry.output = unsafe text(message.output)
        entry.method = unsafe text(message.method)
        entry.side = unsafe text(message.side)
        entry.bins = unsafe axes(message.bins, message.n_bins)
        entry.lower = unsafe text(message.lower)
        entry.upper = unsafe text(message.upper)
        entry.sigma = unsafe text(message.sigma)
        entry.truth = unsafe text(message.truth)
        entry.penalty = unsafe message.has_penalty != 0 ? message.penalty : nil
        entry.weight = unsafe message.weight.map { unsafe axis($0.pointee) }
        entry.freeRanks = unsafe Int(message.free_ranks)
        entry.classes = unsafe (0..<message.n_classes).compactMap { index in
            unsafe message.classes[index].map {
                unsafe ClassDescription(
                    name: text($0.pointee.name),
                    labels: numbers($0.pointee.labels, $0.pointee.n_labels)
                )
            }
        }
        return entry
    }

    static func bins(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__BinEvents>?>?,
        _ count: Int
    ) -> [BinEvents] {
        (0..<count).compactMap { index in
            guard let entry = unsafe list?[index]?.pointee else { return nil }
            return unsafe BinEvents(
                output: text(entry.output),
                events: numbers(entry.events, entry.n_events),
                axes: axes(entry.axes, entry.n_axes),
                effectiveEvents: numbers(entry.effective_events, entry.n_effective_events)
            )
        }
    }

    private static func axes(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__BinAxis>?>?,
        _ count: Int
    ) -> [BinAxis] {
        (0..<count).compactMap { index in
            unsafe list?[index].map { unsafe axis($0.pointee) }
        }
    }

    private static func axis(_ entry: Vigil__V1__BinAxis) -> BinAxis {
        unsafe BinAxis(
            source: text(entry.source),
            name: text(entry.name),
            feature: text(entry.feature),
            edges: numbers(entry.edges, entry.n_edges)
        )
    }

    static func origin(_ message: Vigil__V1__Provenance) -> ScoreAnswer.Origin {
        var origin = ScoreAnswer.Origin()
        origin.model = unsafe text(message.model)
        origin.version = unsafe text(message.version)
        origin.digest = unsafe text(message.digest)
        origin.engine = unsafe text(message.engine)
        origin.precision = unsafe text(message.precision)
        origin.device = unsafe text(message.device)
        origin.calibration = unsafe message.calibration.map { unsafe text($0) }
        origin.calibrationDate = unsafe message.calibration_date.map { unsafe text($0) }
        origin.bins = unsafe bins(message.bins, message.n_bins)
        origin.isReproducible =
            unsafe message.has_reproducible == 0 || message.reproducible != 0
        return origin
    }
}
