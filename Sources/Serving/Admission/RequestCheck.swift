internal import Catalog
internal import Messages
internal import Tensors

/// Checks a request against the model that it asks for and fills the flight.
///
/// Every refusal names the field, what was found and what is allowed.
struct RequestCheck {
    private let service: ModelService
    private let manifest: Manifest

    init(_ service: ModelService) {
        self.service = service
        manifest = service.source.manifest
    }

    func fill(_ flight: FlightPointer, from request: borrowing ScoreRequest) throws(Refusal) {
        try checkExtras(request)
        let plan = try plan(request)
        let rows = unsafe try fillInputs(flight, request)
        unsafe flight.pointee.plan = plan
        unsafe flight.pointee.rows = rows
        unsafe flight.pointee.priority = request.priority
        unsafe flight.pointee.isRaw = request.isRaw
        unsafe try fillCoverage(flight, request)
        unsafe try fillColumns(flight, request, rows: rows, areNeeded: !request.isRaw)
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

    private func plan(_ request: borrowing ScoreRequest) throws(Refusal) -> AnswerPlan {
        var names: [Int] = []
        for index in 0..<request.outputCount {
            let asked = request.outputs[index]
            guard let output = service.outputNames.firstIndex(where: { asked.equals($0) }) else {
                throw Refusal(
                    .invalid,
                    "there is no output '\(asked.string)'",
                    field: "outputs[\(index)]",
                    near: service.outputNames.map(\.string)
                )
            }
            names.append(output)
        }
        if request.isRaw || manifest.uncertainty.isEmpty {
            return names.isEmpty ? service.rawPlan : service.planner.raw(names)
        }
        guard let calibrated = service.calibratedPlan else {
            throw Refusal(
                .unsupported,
                "model '\(manifest.name)' answers raw scores only: \(service.calibrationReason ?? "no calibration")",
                field: "raw"
            )
        }
        guard !names.isEmpty else { return calibrated }
        guard let extended = service.planner.calibrated(names) else {
            preconditionFailure("the same calibration made the plan without further outputs")
        }
        return extended
    }

    private func fillInputs(
        _ flight: FlightPointer,
        _ request: borrowing ScoreRequest
    ) throws(Refusal) -> Int {
        var rows = -1
        var bytes = 0
        var filled: UInt32 = 0
        for index in 0..<request.inputCount {
            let asked = request.inputs[index].name
            guard let input = service.inputNames.firstIndex(where: { asked.equals($0) }) else {
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
            let check = TensorCheck(
                tensor: request.inputs[index],
                field: "inputs[\(index)]",
                input: manifest.inputs[input]
            )
            let count = try check.rows()
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
        for (index, name) in service.inputNames.enumerated()
        where filled & (1 << UInt32(index)) == 0 {
            throw Refusal(
                .invalid,
                "input '\(name.string)' is missing, allowed are exactly \(service.inputNames.map(\.string).joined(separator: ", "))",
                field: "inputs"
            )
        }
        guard (1...manifest.requestRows).contains(rows) else {
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
        unsafe flight.pointee.coverage = manifest.coverage
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
        rows: Int,
        areNeeded: Bool
    ) throws(Refusal) {
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
        guard areNeeded else { return }
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

/// Checks one tensor of a request against what the manifest states.
struct TensorCheck {
    let tensor: LentTensor
    /// Path of the tensor, as "inputs[0]".
    let field: String
    let input: Manifest.Input

    /// Events of the tensor, or the refusal.
    func rows() throws(Refusal) -> Int {
        let wanted = input.signature
        guard let type = tensor.type else {
            throw Refusal(
                .invalid,
                "found no known type, allowed is \(wanted.type.name)",
                field: "\(field).type"
            )
        }
        guard type == wanted.type else {
            throw Refusal(
                .invalid,
                "found \(type.name), allowed is \(wanted.type.name)",
                field: "\(field).type"
            )
        }
        guard unsafe tensor.base != nil || tensor.byteCount == 0 else {
            throw Refusal(.invalid, "the tensor has no bytes", field: "\(field).data")
        }
        if input.raggedMaximum != nil { return try raggedRows() }
        guard unsafe tensor.splits == nil else {
            throw Refusal(
                .invalid,
                "found row splits, input '\(wanted.name)' is not ragged",
                field: "\(field).row_splits"
            )
        }
        try checkTrailing(wanted.shape)
        try checkBytes(elementsPerLeading: wanted.elementCount)
        return tensor.dimensions[0]
    }

    private func checkTrailing(_ shape: [Int]) throws(Refusal) {
        var isEqual = tensor.rank == shape.count + 1
        for (axis, size) in shape.enumerated() where isEqual {
            isEqual = tensor.dimensions[axis + 1] == size
        }
        // A flat list of events is as good as a column of them.
        guard isEqual, tensor.dimensions[0] >= 0 else {
            let allowed = (["events"] + shape.map(String.init)).joined(separator: ", ")
            throw Refusal(
                .invalid,
                "found \(tensor.text), allowed is \(input.signature.type.name)[\(allowed)]",
                field: "\(field).shape"
            )
        }
    }

    private func checkBytes(elementsPerLeading: Int) throws(Refusal) {
        let (elements, isHuge) = tensor.dimensions[0].multipliedReportingOverflow(
            by: elementsPerLeading
        )
        let (bytes, isHuger) = elements.multipliedReportingOverflow(
            by: input.signature.type.byteCount
        )
        guard !isHuge, !isHuger, bytes == tensor.byteCount else {
            throw Refusal(
                .invalid,
                "found \(tensor.byteCount) bytes, \(tensor.text) takes \(isHuge || isHuger ? "more than there can be" : "\(bytes)")",
                field: "\(field).data"
            )
        }
    }

    private func raggedRows() throws(Refusal) -> Int {
        guard let maximum = input.raggedMaximum else {
            preconditionFailure("asked for ragged inputs only")
        }
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
        try checkTrailing(Array(input.signature.shape.dropFirst()))
        try checkBytes(elementsPerLeading: input.signature.shape.dropFirst().reduce(1, *))
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
