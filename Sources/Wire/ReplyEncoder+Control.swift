internal import CWireMessages
public import Messages
internal import Tensors

extension ReplyEncoder {
    /// The answer to a control request.
    public mutating func control(_ answer: ControlReply, id: UInt64) -> Draft {
        switch answer {
        case .refusal(let refusal):
            return self.refusal(refusal, id: id)
        case .status(let status):
            let reply = unsafe begin(id: id)
            unsafe reply.pointee.kind_case = VIGIL__V1__REPLY__KIND_DAEMON
            unsafe reply.pointee.daemon = unsafe message(status)
            return unsafe draft(reply)
        case .models(let models):
            let reply = unsafe begin(id: id)
            let list = unsafe make(Vigil__V1__ModelsReply.self)
            unsafe vigil__v1__models_reply__init(list)
            unsafe list.pointee.n_models = models.count
            unsafe list.pointee.models = unsafe make(
                UnsafeMutablePointer<Vigil__V1__ModelDescription>?.self,
                count: models.count
            )
            for (index, model) in models.enumerated() {
                unsafe list.pointee.models[index] = unsafe message(model)
            }
            unsafe reply.pointee.kind_case = VIGIL__V1__REPLY__KIND_MODELS
            unsafe reply.pointee.models = unsafe list
            return unsafe draft(reply)
        case .reload(let changes):
            let reply = unsafe begin(id: id)
            let list = unsafe make(Vigil__V1__ReloadReply.self)
            unsafe vigil__v1__reload_reply__init(list)
            unsafe list.pointee.n_changes = changes.count
            unsafe list.pointee.changes = unsafe texts(changes)
            unsafe reply.pointee.kind_case = VIGIL__V1__REPLY__KIND_RELOAD
            unsafe reply.pointee.reload = unsafe list
            return unsafe draft(reply)
        case .truth(let answer):
            let reply = unsafe begin(id: id)
            let message = unsafe make(Vigil__V1__TruthReply.self)
            unsafe vigil__v1__truth_reply__init(message)
            unsafe message.pointee.has_taken = 1
            unsafe message.pointee.taken = UInt64(answer.taken)
            unsafe message.pointee.calibration = unsafe text(answer.calibration)
            unsafe reply.pointee.kind_case = VIGIL__V1__REPLY__KIND_TRUTH
            unsafe reply.pointee.truth = unsafe message
            return unsafe draft(reply)
        case .calibrations(let report):
            let reply = unsafe begin(id: id)
            unsafe reply.pointee.kind_case = VIGIL__V1__REPLY__KIND_CALIBRATIONS
            unsafe reply.pointee.calibrations = unsafe message(report)
            return unsafe draft(reply)
        case .monitoring(let models):
            let reply = unsafe begin(id: id)
            unsafe reply.pointee.kind_case = VIGIL__V1__REPLY__KIND_MONITORING
            unsafe reply.pointee.monitoring = unsafe message(models)
            return unsafe draft(reply)
        }
    }

    private func message(
        _ report: CalibrationsReport
    ) -> UnsafeMutablePointer<Vigil__V1__CalibrationsReply> {
        let message = unsafe make(Vigil__V1__CalibrationsReply.self)
        unsafe vigil__v1__calibrations_reply__init(message)
        unsafe message.pointee.model = unsafe text(report.model)
        unsafe message.pointee.version = unsafe text(report.version)
        if !report.problem.isEmpty { unsafe message.pointee.problem = unsafe text(report.problem) }
        unsafe message.pointee.n_calibrations = report.calibrations.count
        unsafe message.pointee.calibrations = unsafe make(
            UnsafeMutablePointer<Vigil__V1__CalibrationState>?.self,
            count: report.calibrations.count
        )
        for (index, state) in report.calibrations.enumerated() {
            let entry = unsafe make(Vigil__V1__CalibrationState.self)
            unsafe vigil__v1__calibration_state__init(entry)
            unsafe entry.pointee.id = unsafe text(state.id)
            unsafe entry.pointee.date = unsafe text(state.date)
            if !state.parent.isEmpty { unsafe entry.pointee.parent = unsafe text(state.parent) }
            unsafe entry.pointee.has_truths = 1
            unsafe entry.pointee.truths = UInt64(state.truths)
            unsafe entry.pointee.has_events = 1
            unsafe entry.pointee.events = UInt64(state.events)
            unsafe entry.pointee.has_in_use = 1
            unsafe entry.pointee.in_use = state.isInUse ? 1 : 0
            unsafe message.pointee.calibrations[index] = unsafe entry
        }
        unsafe message.pointee.n_coverage = report.coverage.count
        unsafe message.pointee.coverage = unsafe make(
            UnsafeMutablePointer<Vigil__V1__CoverageStanding>?.self,
            count: report.coverage.count
        )
        for (index, standing) in report.coverage.enumerated() {
            unsafe message.pointee.coverage[index] = unsafe self.message(standing)
        }
        return unsafe message
    }

    func message(
        _ standing: CoverageStanding
    ) -> UnsafeMutablePointer<Vigil__V1__CoverageStanding> {
        let entry = unsafe make(Vigil__V1__CoverageStanding.self)
        unsafe vigil__v1__coverage_standing__init(entry)
        unsafe entry.pointee.output = unsafe text(standing.output)
        unsafe entry.pointee.stream = unsafe text(standing.stream)
        unsafe entry.pointee.bin = unsafe text(standing.bin)
        unsafe entry.pointee.has_coverage = 1
        unsafe entry.pointee.coverage = standing.coverage
        unsafe entry.pointee.has_events = 1
        unsafe entry.pointee.events = UInt64(standing.events)
        unsafe entry.pointee.has_covered = 1
        unsafe entry.pointee.covered = UInt64(standing.covered)
        if !standing.low.isNaN {
            unsafe entry.pointee.has_low = 1
            unsafe entry.pointee.low = standing.low
            unsafe entry.pointee.has_high = 1
            unsafe entry.pointee.high = standing.high
        }
        unsafe entry.pointee.standing = unsafe text(standing.standing)
        return unsafe entry
    }

    private func message(_ status: DaemonStatus) -> UnsafeMutablePointer<Vigil__V1__StatusReply> {
        let message = unsafe make(Vigil__V1__StatusReply.self)
        unsafe vigil__v1__status_reply__init(message)
        unsafe message.pointee.version = unsafe text(status.version)
        unsafe message.pointee.has_ready = 1
        unsafe message.pointee.ready = status.isReady ? 1 : 0
        unsafe message.pointee.n_reasons = status.reasons.count
        unsafe message.pointee.reasons = unsafe texts(status.reasons)
        unsafe message.pointee.has_uptime_microseconds = 1
        unsafe message.pointee.uptime_microseconds = status.uptimeMicroseconds
        unsafe message.pointee.n_endpoints = status.endpoints.count
        unsafe message.pointee.endpoints = unsafe texts(status.endpoints)
        unsafe message.pointee.has_requests = 1
        unsafe message.pointee.requests = status.requests
        unsafe message.pointee.has_refusals = 1
        unsafe message.pointee.refusals = status.refusals
        unsafe message.pointee.has_events = 1
        unsafe message.pointee.events = status.events
        unsafe message.pointee.has_in_flight = 1
        unsafe message.pointee.in_flight = status.inFlight
        unsafe message.pointee.n_degraded = status.degraded.count
        unsafe message.pointee.degraded = unsafe texts(status.degraded)
        return unsafe message
    }

    private func message(
        _ model: ModelDescription
    ) -> UnsafeMutablePointer<Vigil__V1__ModelDescription> {
        let message = unsafe make(Vigil__V1__ModelDescription.self)
        unsafe vigil__v1__model_description__init(message)
        unsafe message.pointee.name = unsafe text(model.name)
        unsafe message.pointee.version = unsafe text(model.version)
        unsafe message.pointee.digest = unsafe text(model.digest)
        unsafe message.pointee.task = unsafe text(model.task)
        unsafe message.pointee.engine = unsafe text(model.engine)
        unsafe message.pointee.engine_version = unsafe text(model.engineVersion)
        unsafe message.pointee.precision = unsafe text(model.precision)
        unsafe message.pointee.device = unsafe text(model.device)
        unsafe message.pointee.device_class = unsafe text(model.deviceClass)
        unsafe message.pointee.state = unsafe text(model.state.rawValue)
        unsafe message.pointee.n_reasons = model.reasons.count
        unsafe message.pointee.reasons = unsafe texts(model.reasons)
        unsafe message.pointee.has_required = 1
        unsafe message.pointee.required = model.isRequired ? 1 : 0
        unsafe message.pointee.description = unsafe text(model.summary)
        unsafe message.pointee.evaluation = unsafe text(model.evaluation)
        unsafe message.pointee.n_monitored = model.monitored.count
        unsafe message.pointee.monitored = unsafe texts(model.monitored)
        unsafe message.pointee.folder = unsafe text(model.folder)
        unsafe message.pointee.calibration = unsafe model.calibration.map { unsafe text($0) }
        unsafe message.pointee.calibration_date = unsafe model.calibrationDate.map {
            unsafe text($0)
        }
        unsafe message.pointee.calibration_reason = unsafe model.calibrationReason.map {
            unsafe text($0)
        }
        if let coverage = model.coverage {
            unsafe message.pointee.has_coverage = 1
            unsafe message.pointee.coverage = coverage
        }
        unsafe message.pointee.n_inputs = model.inputs.count
        unsafe message.pointee.inputs = unsafe tensors(model.inputs)
        unsafe message.pointee.n_outputs = model.outputs.count
        unsafe message.pointee.outputs = unsafe tensors(model.outputs)
        unsafe message.pointee.n_uncertainty = model.uncertainty.count
        unsafe message.pointee.uncertainty = unsafe uncertainty(model.uncertainty)
        unsafe message.pointee.n_ladder_rows = model.ladder.count
        unsafe message.pointee.ladder_rows = unsafe numbers(model.ladder.map { UInt64($0.rows) })
        unsafe message.pointee.n_ladder_nanoseconds = model.ladder.count
        unsafe message.pointee.ladder_nanoseconds = unsafe numbers(
            model.ladder.map { UInt64($0.nanoseconds) }
        )
        unsafe (message.pointee.n_bins, message.pointee.bins) = unsafe binEvents(model.bins)
        unsafe message.pointee.n_regions = model.regions.count
        unsafe message.pointee.regions = unsafe make(
            UnsafeMutablePointer<Vigil__V1__RegionDescription>?.self,
            count: model.regions.count
        )
        for (index, region) in model.regions.enumerated() {
            let entry = unsafe make(Vigil__V1__RegionDescription.self)
            unsafe vigil__v1__region_description__init(entry)
            unsafe entry.pointee.n_outputs = region.outputs.count
            unsafe entry.pointee.outputs = unsafe texts(region.outputs)
            unsafe entry.pointee.n_coverages = region.coverages.count
            unsafe entry.pointee.coverages = unsafe numbers(region.coverages)
            unsafe message.pointee.regions[index] = unsafe entry
        }
        if let explanation = model.explanation {
            unsafe message.pointee.explanation = unsafe self.message(explanation)
        }
        return unsafe message
    }

    private func tensors(
        _ list: [TensorDescription]
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__TensorDescription>?> {
        let entries = unsafe make(
            UnsafeMutablePointer<Vigil__V1__TensorDescription>?.self,
            count: list.count
        )
        for (index, tensor) in list.enumerated() {
            let entry = unsafe make(Vigil__V1__TensorDescription.self)
            unsafe vigil__v1__tensor_description__init(entry)
            unsafe entry.pointee.name = unsafe text(tensor.signature.name)
            unsafe entry.pointee.has_type = 1
            unsafe entry.pointee.type = Vigil__V1__DataType(
                rawValue: UInt32(tensor.signature.type.rawValue)
            )
            unsafe entry.pointee.n_shape = tensor.signature.shape.count
            unsafe entry.pointee.shape = unsafe numbers(tensor.signature.shape.map(Int64.init))
            unsafe entry.pointee.unit = unsafe text(tensor.unit)
            unsafe entry.pointee.meaning = unsafe text(tensor.meaning)
            unsafe entry.pointee.n_features = tensor.features.count
            unsafe entry.pointee.features = unsafe texts(tensor.features)
            unsafe entry.pointee.has_ragged_maximum = 1
            unsafe entry.pointee.ragged_maximum = UInt64(tensor.raggedMaximum)
            unsafe entry.pointee.nonfinite = unsafe text(tensor.nonfinite)
            unsafe entries[index] = unsafe entry
        }
        return unsafe entries
    }

    private func uncertainty(
        _ list: [UncertaintyDescription]
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__UncertaintyDescription>?> {
        let entries = unsafe make(
            UnsafeMutablePointer<Vigil__V1__UncertaintyDescription>?.self,
            count: list.count
        )
        for (index, item) in list.enumerated() {
            let entry = unsafe make(Vigil__V1__UncertaintyDescription.self)
            unsafe vigil__v1__uncertainty_description__init(entry)
            unsafe entry.pointee.output = unsafe text(item.output)
            unsafe entry.pointee.method = unsafe text(item.method)
            unsafe entry.pointee.side = unsafe text(item.side)
            unsafe (entry.pointee.n_bins, entry.pointee.bins) = unsafe axes(item.bins)
            unsafe entry.pointee.lower = unsafe text(item.lower)
            unsafe entry.pointee.upper = unsafe text(item.upper)
            unsafe entry.pointee.sigma = unsafe text(item.sigma)
            unsafe entry.pointee.truth = unsafe text(item.truth)
            if let weight = item.weight {
                unsafe entry.pointee.weight = unsafe axes([weight]).1[0]
            }
            if let penalty = item.penalty {
                unsafe entry.pointee.has_penalty = 1
                unsafe entry.pointee.penalty = penalty
            }
            unsafe entry.pointee.has_free_ranks = item.freeRanks > 0 ? 1 : 0
            unsafe entry.pointee.free_ranks = UInt32(clamping: item.freeRanks)
            unsafe entry.pointee.n_classes = item.classes.count
            unsafe entry.pointee.classes = unsafe make(
                UnsafeMutablePointer<Vigil__V1__ClassDescription>?.self,
                count: item.classes.count
            )
            for (position, one) in item.classes.enumerated() {
                let label = unsafe make(Vigil__V1__ClassDescription.self)
                unsafe vigil__v1__class_description__init(label)
                unsafe label.pointee.name = unsafe text(one.name)
                unsafe label.pointee.n_labels = one.labels.count
                unsafe label.pointee.labels = unsafe numbers(one.labels)
                unsafe entry.pointee.classes[position] = unsafe label
            }
            unsafe entries[index] = unsafe entry
        }
        return unsafe entries
    }
}
