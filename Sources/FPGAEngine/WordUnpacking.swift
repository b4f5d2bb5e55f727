internal import Tensors

/// Turns output words of one tensor into what they stand for, exactly.
///
/// Float32 holds numbers of 24 bits beside the sign; a tensor with a wider port is float64.
struct WordUnpacking {
    private let ports: [FixedPointFormat]
    /// float32 or float64.
    let type: ElementType

    /// `ports` are those of one tensor.
    init(_ ports: [FixedPointFormat]) {
        self.ports = ports
        type = Self.type(ports)
    }

    /// The type that holds every number of these ports.
    static func type(_ ports: [FixedPointFormat]) -> ElementType {
        ports.allSatisfy(\.fitsFloat32) ? .float32 : .float64
    }

    /// Writes the values of `rows` rows to `values`; a row's words lie `stride` bytes after the
    /// last row's.
    func unpack(
        _ words: UnsafeRawPointer,
        rows: Int,
        stride: Int,
        into values: UnsafeMutableRawPointer
    ) {
        switch type {
        case .float32: unsafe fill(words, rows, stride, values.assumingMemoryBound(to: Float.self))
        default: unsafe fill(words, rows, stride, values.assumingMemoryBound(to: Double.self))
        }
    }

    @inline(__always)
    private func fill<Value: BinaryFloatingPoint>(
        _ words: UnsafeRawPointer,
        _ rows: Int,
        _ stride: Int,
        _ values: UnsafeMutablePointer<Value>
    ) {
        for (column, port) in ports.enumerated() {
            let step = Value(port.step)
            // Of 32 bits without a sign, the highest counts upwards.
            let isHigh = !port.isSigned && port.width == FixedPointFormat.maximumWidth
            var place = unsafe words + column * 4
            var value = unsafe values + column
            for _ in 0..<rows {
                let word = unsafe place.load(as: Int32.self)
                let number = isHigh ? Value(UInt32(bitPattern: word)) : Value(word)
                unsafe value.pointee = number * step
                unsafe place += stride
                unsafe value += ports.count
            }
        }
    }
}
