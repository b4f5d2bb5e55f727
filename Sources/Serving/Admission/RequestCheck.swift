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
        try checkExtras(request)
        let rows = unsafe try fillInputs(flight, request)
        unsafe flight.pointee.rows = rows
        unsafe flight.pointee.priority = request.priority
        unsafe flight.pointee.isRaw = request.isRaw
        unsafe try fillCoverage(flight, request)
        unsafe try fillColumns(flight, request, rows: rows)
        unsafe try fillPlan(flight, request)
    }

    private func checkExtras(_ request: borrowing ScoreRequest) throws(Refusal) {
        if request.wantsSets {
            throw Refusal(
                .unsupported,
                "task \(manifest.task.rawValue) answers no prediction sets",
                field: "extras"
            )
        }
        if request.wantsAttributions {
            throw Refusal(
                .unsupported,
                "model '\(manifest.name)' answers no attributions",
                field: "extras"
            )
        }
    }

    /// Plans that the service keeps are lent; one that it has no room for is the flight's.
    private func fillPlan(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest
    ) throws(Refusal) {
        let service = unsafe service
        let isAskedRaw = request.isRaw
        let isRaw = isAskedRaw || !service.declaresUncertainty
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
            guard manifest.task == .regression, !request.isRaw, !manifest.uncertainty.isEmpty else {
                throw Refusal(
                    .unsupported,
                    "\(request.isRaw ? "raw answers carry" : "task \(manifest.task.rawValue) answers") no intervals at a coverage",
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
        for (entry, name) in service.requestColumns.enumerated() {
            guard let name else { continue }
            var found: Int?
            for index in 0..<request.columnCount where request.columns[index].name.equals(name) {
                found = index
            }
            guard let found else {
                throw Refusal(
                    .invalid,
                    "column '\(name.string)' is missing: it chooses the calibration bin of output '\(manifest.uncertainty[entry].output)'",
                    field: "columns"
                )
            }
            unsafe flight.pointee.binColumns[entry] = unsafe request.columns[found].base
            if request.columns[found].type == .float64 {
                unsafe flight.pointee.wideColumns |= 1 << UInt8(entry)
            }
        }
    }
}

/// What a request's tensor must be to be one input, as plain numbers.
@safe
struct InputRule: BitwiseCopyable, @unchecked Sendable {
    // Safe because the name is lent by the service that the rule belongs to.
    /// Name on the wire.
    var name = LentText()
    /// Type of the elements.
    var type = ElementType.float32
    /// Most content rows of one event of a ragged input; 0 for a dense one.
    var raggedMaximum = 0
    /// Dimensions behind the leading axis, of one event or of one content row.
    var rank = 0
    var trailing = InlineArray<7, Int>(repeating: 0)
    /// Bytes of one step of the leading axis.
    var bytes = 0

    /// The rule of an input whose name is lent.
    init(_ input: Manifest.Input, name: LentText) {
        self.name = name
        type = input.signature.type
        raggedMaximum = input.raggedMaximum ?? 0
        let shape = input.signature.shape.dropFirst(raggedMaximum > 0 ? 1 : 0)
        rank = shape.count
        for (axis, size) in shape.enumerated() { trailing[axis] = size }
        bytes = shape.reduce(1, *) * type.byteCount
    }

    init() {}
}

/// Checks one tensor of a request against what the manifest states.
@safe
struct TensorCheck {
    private let tensor: LentTensor
    /// Number of the tensor in the request.
    private let index: Int
    private let rule: InputRule

    /// Events of a tensor, or the refusal.
    @inline(__always)
    static func rows(
        _ tensor: borrowing LentTensor,
        index: Int,
        rule: borrowing InputRule
    ) throws(Refusal) -> Int {
        // The usual tensor: dense, of the right type and shape, as many bytes as that takes.
        if rule.raggedMaximum == 0, tensor.type == rule.type, unsafe tensor.splits == nil,
            unsafe tensor.base != nil, tensor.rank == rule.rank + 1
        {
            var isEqual = tensor.dimensions[0] >= 0
            for axis in 0..<rule.rank
            where tensor.dimensions[axis + 1] != rule.trailing[axis] {
                isEqual = false
            }
            let (bytes, isHuge) = tensor.dimensions[0].multipliedReportingOverflow(by: rule.bytes)
            if isEqual, !isHuge, bytes == tensor.byteCount { return tensor.dimensions[0] }
        }
        return try TensorCheck(tensor: copy tensor, index: index, rule: copy rule).rows()
    }

    private init(tensor: LentTensor, index: Int, rule: InputRule) {
        self.tensor = tensor
        self.index = index
        self.rule = rule
    }

    private var field: String { "inputs[\(index)]" }

    private func rows() throws(Refusal) -> Int {
        guard let type = tensor.type else {
            throw Refusal(
                .invalid,
                "found no known type, allowed is \(rule.type.name)",
                field: "\(field).type"
            )
        }
        guard type == rule.type else {
            throw Refusal(
                .invalid,
                "found \(type.name), allowed is \(rule.type.name)",
                field: "\(field).type"
            )
        }
        guard unsafe tensor.base != nil || tensor.byteCount == 0 else {
            throw Refusal(.invalid, "the tensor has no bytes", field: "\(field).data")
        }
        if rule.raggedMaximum > 0 { return try raggedRows() }
        guard unsafe tensor.splits == nil else {
            throw Refusal(
                .invalid,
                "found row splits, input '\(rule.name.string)' is not ragged",
                field: "\(field).row_splits"
            )
        }
        try checkTrailing()
        try checkBytes()
        return tensor.dimensions[0]
    }

    private func checkTrailing() throws(Refusal) {
        let shape = (0..<rule.rank).map { rule.trailing[$0] }
        var isEqual = tensor.rank == shape.count + 1
        for (axis, size) in shape.enumerated() where isEqual {
            isEqual = tensor.dimensions[axis + 1] == size
        }
        // A flat list of events is as good as a column of them.
        guard isEqual, tensor.dimensions[0] >= 0 else {
            let allowed = (["events"] + shape.map(String.init)).joined(separator: ", ")
            throw Refusal(
                .invalid,
                "found \(tensor.text), allowed is \(rule.type.name)[\(allowed)]",
                field: "\(field).shape"
            )
        }
    }

    private func checkBytes() throws(Refusal) {
        let (bytes, isHuge) = tensor.dimensions[0].multipliedReportingOverflow(by: rule.bytes)
        guard !isHuge, bytes == tensor.byteCount else {
            throw Refusal(
                .invalid,
                "found \(tensor.byteCount) bytes, \(tensor.text) takes \(isHuge ? "more than there can be" : "\(bytes)")",
                field: "\(field).data"
            )
        }
    }

    private func raggedRows() throws(Refusal) -> Int {
        let maximum = rule.raggedMaximum
        let field = "\(field).row_splits"
        guard let splits = unsafe tensor.splits, tensor.splitsByteCount >= 16,
            tensor.splitsByteCount % 8 == 0
        else {
            throw Refusal(
                .invalid,
                "found \(tensor.splitsByteCount) bytes of row splits, a ragged input needs events + 1 int64",
                field: field
            )
        }
        try checkTrailing()
        try checkBytes()
        let rows = tensor.splitsByteCount / 8 - 1
        var last = 0
        for index in 0...rows {
            let split = Int(unsafe splits.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
            if index == 0, split != 0 {
                throw Refusal(
                    .invalid,
                    "the first split is \(split), allowed is 0",
                    field: field,
                    row: 0
                )
            }
            guard split >= last else {
                throw Refusal(
                    .invalid,
                    "the splits fall from \(last) to \(split)",
                    field: field,
                    row: index - 1
                )
            }
            guard split - last <= maximum else {
                throw Refusal(
                    .invalid,
                    "an event has \(split - last) rows, allowed are \(maximum)",
                    field: field,
                    row: index - 1
                )
            }
            guard split <= tensor.dimensions[0] else {
                throw Refusal(
                    .invalid,
                    "the split \(split) passes the \(tensor.dimensions[0]) rows of content",
                    field: field,
                    row: index - 1
                )
            }
            last = split
        }
        guard last == tensor.dimensions[0] else {
            throw Refusal(
                .invalid,
                "the last split is \(last), the content has \(tensor.dimensions[0]) rows",
                field: field
            )
        }
        return rows
    }

    /// A column holds one float32 or float64 an event.
    static func checkColumn(_ column: LentTensor, index: Int, rows: Int) throws(Refusal) {
        guard column.type == .float32 || column.type == .float64, let type = column.type else {
            throw Refusal(
                .invalid,
                "found \(column.type?.name ?? "no known type"), allowed are float32, float64",
                field: "columns[\(index)].type"
            )
        }
        guard column.rank == 1, column.dimensions[0] == rows else {
            throw Refusal(
                .invalid,
                "found \(column.text), allowed is \(type.name)[\(rows)]",
                field: "columns[\(index)].shape"
            )
        }
        guard column.byteCount == rows * type.byteCount else {
            throw Refusal(
                .invalid,
                "found \(column.byteCount) bytes, \(column.text) takes \(rows * type.byteCount)",
                field: "columns[\(index)].data"
            )
        }
    }
}
