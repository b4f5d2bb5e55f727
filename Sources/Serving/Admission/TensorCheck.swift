internal import Catalog
internal import Messages
internal import Tensors

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

    /// Ids are one int64 or uint64 an event.
    static func checkEventIds(_ ids: LentTensor, rows: Int) throws(Refusal) {
        guard ids.type == .int64 || ids.type == .uint64, let type = ids.type else {
            throw Refusal(
                .invalid,
                "found \(ids.type?.name ?? "no known type"), allowed are int64, uint64",
                field: "event_ids.type"
            )
        }
        try checkList(ids, type: type, rows: rows, field: "event_ids")
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
        try checkList(column, type: type, rows: rows, field: "columns[\(index)]")
    }

    /// One element an event.
    private static func checkList(
        _ list: LentTensor,
        type: ElementType,
        rows: Int,
        field: @autoclosure () -> String
    ) throws(Refusal) {
        guard list.rank == 1, list.dimensions[0] == rows else {
            throw Refusal(
                .invalid,
                "found \(list.text), allowed is \(type.name)[\(rows)]",
                field: "\(field()).shape"
            )
        }
        guard list.byteCount == rows * type.byteCount else {
            throw Refusal(
                .invalid,
                "found \(list.byteCount) bytes, \(list.text) takes \(rows * type.byteCount)",
                field: "\(field()).data"
            )
        }
    }
}
