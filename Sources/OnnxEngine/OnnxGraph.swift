/// What is read of an ONNX file beside what the library tells: whether its graph has control flow.
///
/// Fields of ModelProto, GraphProto, FunctionProto and NodeProto by their numbers in onnx.proto3
/// (ONNX IR specification); everything else is passed over.
enum OnnxGraph {
    /// Operators whose cost depends on values.
    private static let control: Set<[UInt8]> = [
        Array("Loop".utf8), Array("Scan".utf8), Array("If".utf8),
    ]

    private enum Field {
        static let graph: UInt64 = 7
        static let functions: UInt64 = 25
        static let graphNode: UInt64 = 1
        static let functionNode: UInt64 = 7
        static let operatorType: UInt64 = 4
    }

    /// Whether the graph is known to run the same operators whatever the values are; false for
    /// bytes that are no ONNX file.
    static func isStraight(_ artefact: [UInt8]) -> Bool {
        var hasGraph = false
        let isRead = fields(artefact[...]) { field, bytes in
            switch field {
            case Field.graph:
                hasGraph = true
                return areStraight(bytes, nodes: Field.graphNode)
            case Field.functions:
                return areStraight(bytes, nodes: Field.functionNode)
            default:
                return true
            }
        }
        return isRead && hasGraph
    }

    private static func areStraight(_ bytes: ArraySlice<UInt8>, nodes: UInt64) -> Bool {
        fields(bytes) { field, node in
            guard field == nodes else { return true }
            return fields(node) { field, text in
                field != Field.operatorType || !control.contains(Array(text))
            }
        }
    }

    /// Calls `body` with each length-delimited field until it says false; false then, and for
    /// bytes that are no fields.
    private static func fields(
        _ bytes: ArraySlice<UInt8>,
        _ body: (UInt64, ArraySlice<UInt8>) -> Bool
    ) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard let tag = number(&rest) else { return false }
            switch tag & 7 {
            case 0:
                guard number(&rest) != nil else { return false }
            case 1:
                guard rest.count >= 8 else { return false }
                rest = rest.dropFirst(8)
            case 2:
                guard let count = number(&rest), count <= UInt64(rest.count) else { return false }
                guard body(tag >> 3, rest.prefix(Int(count))) else { return false }
                rest = rest.dropFirst(Int(count))
            case 5:
                guard rest.count >= 4 else { return false }
                rest = rest.dropFirst(4)
            default:
                return false
            }
        }
        return true
    }

    /// A variable-length number.
    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        return nil
    }
}
