/// The type of a tensor's elements; raw values are those of the wire protocol.
public enum ElementType: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case float32 = 1
    case float64 = 2
    case float16 = 3
    case bfloat16 = 4
    case int8 = 5
    case int16 = 6
    case int32 = 7
    case int64 = 8
    case uint8 = 9
    case uint16 = 10
    case uint32 = 11
    case uint64 = 12
    case bool = 13

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// The name in manifests, messages and error texts, as "float32".
    public var name: String {
        switch self {
        case .float32: "float32"
        case .float64: "float64"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .int8: "int8"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .bool: "bool"
        }
    }

    /// The type of this name, or nil.
    public init?(name: String) {
        guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = type
    }

    /// Whether elements are floats of 16 bits.
    public var isHalf: Bool { self == .float16 || self == .bfloat16 }

    /// Whether every element is a float32 too.
    public var isFloat: Bool { self == .float32 || isHalf }

    /// The number that the bits of a float of 16 bits are, exactly.
    public func float(ofHalf bits: UInt16) -> Float {
        // A bfloat16 is the upper half of a float32.
        self == .bfloat16
            ? Float(bitPattern: UInt32(bits) << 16) : Float(Float16(bitPattern: bits))
    }

    /// Whether values can be NaN or infinite.
    public var isFloating: Bool {
        switch self {
        case .float32, .float64, .float16, .bfloat16: true
        default: false
        }
    }
}
