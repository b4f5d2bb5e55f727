internal import Messages

/// Writes elements of an answer's sections.
///
/// The rows of one segment belong to one worker.
@safe
struct AnswerSections {
    private let flight: FlightPointer

    init?(_ flight: FlightPointer) {
        guard unsafe flight.pointee.answer != nil else { return nil }
        unsafe self.flight = unsafe flight
    }

    /// First byte of a section.
    @inline(__always)
    func base(_ section: Int) -> UnsafeMutableRawPointer {
        guard let answer = unsafe flight.pointee.answer else {
            preconditionFailure("a flight keeps its answer until it is complete")
        }
        return unsafe answer + flight.pointee.offsets[section]
    }

    /// Stores a float32.
    @inline(__always)
    func store(_ value: Float, _ section: Int, row: Int) {
        unsafe base(section).storeBytes(of: value, toByteOffset: row * 4, as: Float.self)
    }

    /// Stores a flag.
    @inline(__always)
    func store(flag: UInt8, _ section: Int, row: Int) {
        unsafe base(section).storeBytes(of: flag, toByteOffset: row, as: UInt8.self)
    }
}

extension Float {
    /// The largest float32 that is not above `value`: a lower end is never rounded inwards.
    @inline(__always)
    init(roundedDown value: Double) {
        let nearest = Float(value)
        self = Double(nearest) > value ? nearest.nextDown : nearest
    }

    /// The smallest float32 that is not below `value`.
    @inline(__always)
    init(roundedUp value: Double) {
        let nearest = Float(value)
        self = Double(nearest) < value ? nearest.nextUp : nearest
    }
}
