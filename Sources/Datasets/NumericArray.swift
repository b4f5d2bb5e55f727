public import Tensors

/// An array of numbers as NumPy writes it: little-endian, C order.
public struct NumericArray: Sendable, Equatable {
    /// Type of the elements.
    public let type: ElementType
    /// Shape; empty for a single number.
    public let shape: [Int]
    /// Content.
    public let bytes: [UInt8]

    /// An array; the bytes are those of the shape.
    public init(type: ElementType, shape: [Int], bytes: [UInt8]) {
        precondition(bytes.count == shape.reduce(type.byteCount, *))
        self.type = type
        self.shape = shape
        self.bytes = bytes
    }

    /// A float32 array.
    public init(shape: [Int], floats: [Float]) {
        unsafe self.init(
            type: .float32,
            shape: shape,
            bytes: floats.withUnsafeBytes { unsafe [UInt8]($0) }
        )
    }

    /// A float64 column.
    public init(doubles: [Double]) {
        unsafe self.init(
            type: .float64,
            shape: [doubles.count],
            bytes: doubles.withUnsafeBytes { unsafe [UInt8]($0) }
        )
    }

    /// Length of the first axis.
    public var rows: Int { shape.first ?? 1 }

    /// Elements.
    public var count: Int { shape.reduce(1, *) }

    /// Every element as a double; whole numbers beyond 2^53 are rounded.
    public var doubles: [Double] {
        switch type {
        case .float64: numbers(Double.self).map { $0 }
        case .float32: numbers(Float.self).map(Double.init)
        case .float16, .bfloat16: numbers(UInt16.self).map { Double(type.float(ofHalf: $0)) }
        case .int8: numbers(Int8.self).map(Double.init)
        case .int16: numbers(Int16.self).map(Double.init)
        case .int32: numbers(Int32.self).map(Double.init)
        case .int64: numbers(Int64.self).map(Double.init)
        case .uint8, .bool: numbers(UInt8.self).map(Double.init)
        case .uint16: numbers(UInt16.self).map(Double.init)
        case .uint32: numbers(UInt32.self).map(Double.init)
        // Spelled out: Double.init of a UInt64 would be init(bitPattern:).
        case .uint64: numbers(UInt64.self).map { Double($0) }
        }
    }

    /// Every element as a float32.
    public var floats: [Float] {
        type == .float32 ? numbers(Float.self) : doubles.map(Float.init)
    }

    /// The same numbers as another type; only float64 to float32 and whole numbers to floats.
    public func converted(to wanted: ElementType) -> NumericArray? {
        if wanted == type { return self }
        switch wanted {
        case .float32: return NumericArray(shape: shape, floats: floats)
        case .float64:
            let doubles = doubles
            return unsafe NumericArray(
                type: .float64,
                shape: shape,
                bytes: doubles.withUnsafeBytes { unsafe [UInt8]($0) }
            )
        default: return nil
        }
    }

    private func numbers<Number: BitwiseCopyable>(_ type: Number.Type) -> [Number] {
        let width = MemoryLayout<Number>.size
        return unsafe bytes.withUnsafeBytes { raw in
            unsafe [Number](unsafeUninitializedCapacity: raw.count / width) { buffer, count in
                count = raw.count / width
                unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: raw)
            }
        }
    }
}
