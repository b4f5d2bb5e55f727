internal import Calibration
internal import Catalog
internal import Messages
internal import Tensors

/// Checks a request against the model that it asks for and fills the flight.
///
/// Every refusal names the field, what was found and what is allowed.
struct RequestCheck {
    private unowned(unsafe) let service: ModelService

    init(_ service: Unmanaged<ModelService>) {
        unsafe self.service = service.takeUnretainedValue()
    }

    /// Only for messages: a copy of it would cost a request more than everything else here.
    private var manifest: Manifest { unsafe service.source.manifest }

    func fill(_ flight: FlightPointer, from request: borrowing ScoreRequest) throws(Refusal) {
        let rows = unsafe try fillInputs(flight, request)
        unsafe flight.pointee.rows = rows
        unsafe flight.pointee.priority = request.priority
        unsafe flight.pointee.isRaw = request.isRaw
        unsafe try fillStream(flight, request)
        unsafe try fillCoverage(flight, request)
        unsafe try fillColumns(flight, request, rows: rows)
        unsafe try fillEventIds(flight, request, rows: rows)
        unsafe try fillPlan(flight, request)
        if request.wantsAttributions { unsafe try fillExplanation(flight, request, rows: rows) }
    }

    /// Promises an explanation: last, so that whatever else is wrong is said first and nothing is
    /// promised in vain.
    private func fillExplanation(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest,
        rows: Int
    ) throws(Refusal) {
        guard let explaining = unsafe service.explaining else {
            throw Refusal(
                .unsupported,
                "model '\(manifest.name)' explains nothing: its manifest has no 'explain'",
                field: "extras"
            )
        }
        let job = try explaining.promise(
            rows: rows,
            priority: request.priority,
            hasEventIds: request.hasEventIds
        )
        unsafe flight.pointee.explanation = .passRetained(job)
    }

    /// Plans that the service keeps are lent; one that it has no room for is the flight's.
    private func fillPlan(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest
    ) throws(Refusal) {
        let service = unsafe service
        let isAskedRaw = request.isRaw
        let isRaw = isAskedRaw || !service.declaresUncertainty
        if !isRaw, service.isLive, let live = service.live {
            return unsafe try fillPlan(flight, request, live)
        }
        guard let usual = isRaw ? service.rawPlan : service.calibratedPlan else {
            throw Refusal(
                .unsupported,
                "model '\(manifest.name)' answers raw scores only: \(service.calibrationReason ?? "no calibration")",
                field: "raw"
            )
        }
        guard request.outputCount > 0 else {
            unsafe flight.pointee.plan = .passUnretained(usual)
            return
        }
        var key = NamedPlans.Key(isRaw: isRaw)
        var names: InlineArray<16, Int> = .init(repeating: 0)
        for index in 0..<request.outputCount {
            names[index] = try output(request.outputs[index], index)
            key.append(names[index])
        }
        if let plan = service.namedPlans.find(key) {
            unsafe flight.pointee.plan = .passUnretained(plan)
            return
        }
        let list = (0..<request.outputCount).map { names[$0] }
        guard let plan = isRaw ? service.planner.raw(list) : service.planner.calibrated(list) else {
            preconditionFailure("the same calibration made the plan without further outputs")
        }
        if service.namedPlans.keep(plan, for: key) {
            unsafe flight.pointee.plan = .passUnretained(plan)
        } else {
            unsafe flight.pointee.plan = .passRetained(plan)
            unsafe flight.pointee.ownsPlan = true
        }
    }

    /// The plan of the calibration in use, which may be replaced at any time: the flight keeps it.
    private func fillPlan(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest,
        _ live: LiveCalibration
    ) throws(Refusal) {
        let answers = live.answers
        var plan = answers.plan
        if request.outputCount > 0 {
            var key = NamedPlans.Key(isRaw: false)
            var list: [Int] = []
            for index in 0..<request.outputCount {
                list.append(try output(request.outputs[index], index))
                key.append(list[index])
            }
            if let known = answers.named.find(key) {
                plan = known
            } else if let made = answers.planner.calibrated(list) {
                _ = answers.named.keep(made, for: key)
                plan = made
            }
        }
        unsafe flight.pointee.plan = .passRetained(plan)
        unsafe flight.pointee.ownsPlan = true
    }

    /// The number of the raw output that a request names.
    private func output(_ asked: LentText, _ place: Int) throws(Refusal) -> Int {
        let service = unsafe service
        guard let output = service.outputNames.firstIndex(where: { asked.equals($0) }) else {
            throw Refusal(
                .invalid,
                "there is no output '\(asked.string)'",
                field: "outputs[\(place)]",
                near: service.outputNames.map(\.string)
            )
        }
        return output
    }

    private func fillInputs(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest
    ) throws(Refusal) -> Int {
        let service = unsafe service
        var rows = -1
        var bytes = 0
        var filled: UInt32 = 0
        for index in 0..<request.inputCount {
            let asked = request.inputs[index].name
            var input = 0
            while input < service.inputRules.capacity,
                !asked.equals(service.inputRules[input].name)
            {
                input += 1
            }
            guard input < service.inputRules.capacity else {
                throw Refusal(
                    .invalid,
                    "there is no input '\(asked.string)'",
                    field: "inputs[\(index)].name",
                    near: service.inputNames.map(\.string)
                )
            }
            guard filled & (1 << UInt32(input)) == 0 else {
                throw Refusal(
                    .invalid,
                    "input '\(asked.string)' stands twice",
                    field: "inputs[\(index)].name"
                )
            }
            filled |= 1 << UInt32(input)
            let count = try TensorCheck.rows(
                request.inputs[index],
                index: index,
                rule: service.inputRules[input]
            )
            guard rows < 0 || rows == count else {
                throw Refusal(
                    .invalid,
                    "found \(count) events, the first input has \(rows)",
                    field: "inputs[\(index)].shape"
                )
            }
            rows = count
            unsafe flight.pointee.inputs[input] = unsafe request.inputs[index].base
            unsafe flight.pointee.splits[input] = unsafe request.inputs[index].splits
            bytes += request.inputs[index].byteCount
        }
        for index in 0..<service.inputRules.capacity
        where filled & (1 << UInt32(index)) == 0 {
            throw Refusal(
                .invalid,
                "input '\(service.inputNames[index].string)' is missing, allowed are exactly \(service.inputNames.map(\.string).joined(separator: ", "))",
                field: "inputs"
            )
        }
        guard rows >= 1, rows <= service.source.manifest.requestRows else {
            throw Refusal(
                .invalid,
                "found \(rows) events, allowed are 1 to \(manifest.requestRows)",
                field: "inputs[0].shape"
            )
        }
        unsafe flight.pointee.bytes = bytes
        return rows
    }

    private func fillCoverage(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest
    ) throws(Refusal) {
        unsafe flight.pointee.coverage = unsafe service.source.manifest.coverage
        unsafe flight.pointee.prior = .nan
        if let coverage = request.coverage {
            guard manifest.task == .regression || manifest.task == .classes, !request.isRaw,
                !manifest.uncertainty.isEmpty
            else {
                throw Refusal(
                    .unsupported,
                    "\(request.isRaw ? "raw answers carry" : "task \(manifest.task.rawValue) answers") no intervals or sets at a coverage",
                    field: "coverage"
                )
            }
            if let only = unsafe service.live?.onlyCoverage, coverage != only {
                throw Refusal(
                    .unsupported,
                    "found \(coverage), allowed is \(only): the calibration adapts to that coverage",
                    field: "coverage"
                )
            }
            guard coverage > 0, coverage < 1 else {
                throw Refusal(
                    .invalid,
                    "found \(coverage), allowed is between 0 and 1",
                    field: "coverage"
                )
            }
            unsafe flight.pointee.coverage = coverage
        }
        if let prior = request.prior {
            guard manifest.task == .binary, !request.isRaw, !manifest.uncertainty.isEmpty else {
                throw Refusal(
                    .unsupported,
                    "\(request.isRaw ? "raw answers carry" : "task \(manifest.task.rawValue) answers") no probability that a prior could shift",
                    field: "prior"
                )
            }
            guard prior > 0, prior < 1 else {
                throw Refusal(
                    .invalid,
                    "found \(prior), allowed is between 0 and 1",
                    field: "prior"
                )
            }
            unsafe flight.pointee.prior = prior
        }
    }

    private func fillStream(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest
    ) throws(Refusal) {
        guard !request.stream.isEmpty else {
            unsafe flight.pointee.stream = 0
            return
        }
        try StreamTable.check(request.stream)
        unsafe flight.pointee.stream = unsafe service.streams.number(request.stream)
    }

    private func fillEventIds(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest,
        rows: Int
    ) throws(Refusal) {
        unsafe flight.pointee.seed = request.seed
        unsafe flight.pointee.eventIds = nil
        guard request.hasEventIds else {
            guard unsafe !service.needsEventIds || request.isRaw else {
                throw Refusal(
                    .invalid,
                    "the ids of the events are missing: the sets of '\(manifest.name)' are drawn by event",
                    field: "event_ids"
                )
            }
            return
        }
        try TensorCheck.checkEventIds(request.eventIds, rows: rows)
        unsafe flight.pointee.eventIds = unsafe request.eventIds.base
    }

    private func fillColumns(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest,
        rows: Int
    ) throws(Refusal) {
        let service = unsafe service
        unsafe flight.pointee.wideColumns = 0
        for index in 0..<request.columnCount {
            try TensorCheck.checkColumn(request.columns[index], index: index, rows: rows)
            for earlier in 0..<index
            where request.columns[index].name.equals(request.columns[earlier].name) {
                throw Refusal(
                    .invalid,
                    "column '\(request.columns[index].name.string)' is given twice",
                    field: "columns[\(index)].name"
                )
            }
        }
        guard !request.isRaw, service.needsColumns else { return }
        for (slot, name) in service.requestColumns.enumerated() {
            guard let name else { continue }
            var found: Int?
            for index in 0..<request.columnCount where request.columns[index].name.equals(name) {
                found = index
            }
            guard let found else {
                throw Refusal(
                    .invalid,
                    "column '\(name.string)' is missing: it \(ColumnSlots.purpose(slot: slot)) output '\(manifest.uncertainty[ColumnSlots.entry(slot: slot)].output)'",
                    field: "columns"
                )
            }
            unsafe flight.pointee.binColumns[slot] = unsafe request.columns[found].base
            if request.columns[found].type == .float64 {
                unsafe flight.pointee.wideColumns |= 1 << UInt32(slot)
            }
        }
    }
}
