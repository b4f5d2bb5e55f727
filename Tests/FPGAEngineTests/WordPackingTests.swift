import Tensors
import TestSupport
import Testing

@testable import FPGAEngine

/// Packing and unpacking against exact arithmetic.
struct WordPackingTests {
    /// Formats that differ in all that matters: sign, width 0 to 32, point far to either side.
    private static let ports: [FixedPointFormat] = {
        var ports: [FixedPointFormat] = []
        for (sign, integer, fraction) in [
            (0, 7, 3), (1, 6, 8), (0, 12, -4), (1, 0, 11), (0, 0, 0), (1, -3, 12), (0, 32, 0),
            (1, 31, 0), (1, 15, 16), (0, 40, -16), (1, 62, -40), (0, 1, 0), (1, 0, 0), (0, -20, 44),
            (1, 22, 0), (1, 21, 1),
        ] {
            for overflow in FixedPointFormat.Overflow.allCases {
                ports.append(
                    FixedPointFormat(
                        isSigned: sign == 1,
                        integerBits: integer,
                        fractionBits: fraction,
                        overflow: overflow
                    )
                )
            }
        }
        return ports
    }()

    /// Values that are hard: around whole steps and ends of the format, tiny, huge, denormal.
    private static func value(_ port: FixedPointFormat, _ random: inout SeededRandom) -> Float {
        let step = Float(port.step)
        switch random.int(0...7) {
        case 0:
            let tiny = Float.leastNonzeroMagnitude
            return [0, -0.0, tiny, -tiny][random.int(0...3)]
        case 1: return [.greatestFiniteMagnitude, -.greatestFiniteMagnitude][random.int(0...1)]
        case 2: return Float(bitPattern: UInt32(truncatingIfNeeded: random.next())).finite
        case 3: return Float(random.int(-70_000...70_000)) * step
        case 4: return (Float(random.int(-300...300)) * step).nextUp
        case 5: return (Float(random.int(-300...300)) * step).nextDown
        case 6:
            let end = random.int(0...1) == 0 ? port.limits.lowerBound : port.limits.upperBound
            return Float(end + Int64(random.int(-3...3))) * step
        default: return Float(random.normal()) * step * 100
        }
    }

    /// floor(value * 2^fraction) as the format holds it, in float64, which has room for every
    /// float32 times 2^±64; nothing is shared with what is tested.
    private static func exact(_ value: Float, _ port: FixedPointFormat) -> (Int32, Bool) {
        guard port.width > 0 else { return (0, true) }
        var scaled = Double(value)
        for _ in 0..<abs(port.fractionBits) { scaled *= port.fractionBits > 0 ? 2 : 0.5 }
        let floor = scaled.rounded(.down)
        let ends = (Double(port.limits.lowerBound), Double(port.limits.upperBound))
        if floor >= ends.0, floor <= ends.1 {
            return (Int32(truncatingIfNeeded: Int64(floor)), true)
        }
        if port.overflow == .saturate {
            let end = floor < ends.0 ? port.limits.lowerBound : port.limits.upperBound
            return (Int32(truncatingIfNeeded: end), false)
        }
        let modulus = Double(sign: .plus, exponent: port.width, significand: 1)
        var low = floor.truncatingRemainder(dividingBy: modulus)
        if low < 0 { low += modulus }
        if port.isSigned, low > ends.1 { low -= modulus }
        return (Int32(truncatingIfNeeded: Int64(low)), false)
    }

    @Test("A value's word is exact, and so is whether it is inside", arguments: ports.indices)
    func single(index: Int) {
        let port = Self.ports[index]
        var random = SeededRandom(seed: UInt64(index))
        var wrong: [Float] = []
        for _ in 0..<20_000 {
            let value = Self.value(port, &random)
            if port.word(of: value) != Self.exact(value, port) { wrong.append(value) }
        }
        #expect(wrong.isEmpty)
    }

    @Test("NaN and infinity have no word")
    func notFinite() {
        let port = ProgramWords.port(true, 3, 0)
        for value in [Float.nan, .infinity, -.infinity] {
            let packed = port.word(of: value)
            #expect(packed.word == 0 && !packed.isInside)
        }
    }

    @Test("Rows are packed as their values are", arguments: [1, 2, 5, 16], [1, 15, 16, 17, 200])
    func rows(width: Int, rows: Int) {
        var random = SeededRandom(seed: UInt64(width * 1000 + rows))
        for _ in 0..<40 {
            let ports = (0..<width).map { _ in Self.ports[random.int(0...(Self.ports.count - 1))] }
            let isCalm = random.int(0...1) == 0
            let values = (0..<rows * width).map { index in
                let port = ports[index % width]
                return isCalm
                    ? Float(Double(random.int(0...1)) * port.step)
                    : Self.value(port, &random)
            }
            var words = [Int32](repeating: -7, count: rows * 16)
            var flagged: [Int] = []
            unsafe values.withUnsafeBufferPointer { source in
                unsafe words.withUnsafeMutableBytes { target in
                    unsafe WordPacking(ports).pack(
                        source.baseAddress.unsafelyUnwrapped,
                        rows: rows,
                        into: target.baseAddress.unsafelyUnwrapped,
                        stride: 64
                    ) { flagged.append($0) }
                }
            }
            var expected = [Int32](repeating: -7, count: rows * 16)
            var outside: [Int] = []
            for row in 0..<rows {
                var isInside = true
                for column in 0..<width {
                    let (word, fits) = Self.exact(values[row * width + column], ports[column])
                    expected[row * 16 + column] = word
                    isInside = isInside && fits
                }
                if !isInside { outside.append(row) }
            }
            #expect(words == expected)
            #expect(flagged == outside)
        }
    }

    @Test("What is unpacked is packed to the same word", arguments: ports.indices)
    func back(index: Int) {
        let port = Self.ports[index]
        let unpacking = WordUnpacking([port])
        #expect(unpacking.type == (port.fitsFloat32 ? .float32 : .float64))
        var random = SeededRandom(seed: UInt64(index))
        let words = (0..<2_000).map { _ in
            let bits = Int32(truncatingIfNeeded: random.next())
            return Int32(truncatingIfNeeded: port.number(of: bits))
        }
        var values = [Double](repeating: .nan, count: words.count)
        unsafe words.withUnsafeBytes { source in
            unsafe values.withUnsafeMutableBytes { target in
                unsafe unpacking.unpack(
                    source.baseAddress.unsafelyUnwrapped,
                    rows: words.count,
                    stride: 4,
                    into: target.baseAddress.unsafelyUnwrapped
                )
                guard unpacking.type == .float32 else { return }
                // From the last on, so that none is written over before it is read.
                for row in words.indices.reversed() {
                    let value = unsafe Double(target.load(fromByteOffset: row * 4, as: Float.self))
                    unsafe target.storeBytes(of: value, toByteOffset: row * 8, as: Double.self)
                }
            }
        }
        for (word, value) in zip(words, values) {
            var scaled = value
            for _ in 0..<abs(port.fractionBits) { scaled *= port.fractionBits > 0 ? 2 : 0.5 }
            #expect(Int64(scaled) == port.number(of: word))
        }
    }
}

extension Float {
    /// 1 in place of what is not finite.
    fileprivate var finite: Float { isFinite ? self : 1 }
}
