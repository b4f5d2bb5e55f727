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

    /// Elements of a float32 section.
    @inline(__always)
    func floats(_ section: Int) -> UnsafeMutablePointer<Float> {
        unsafe base(section).assumingMemoryBound(to: Float.self)
    }

    /// Elements of a section of flags.
    @inline(__always)
    func flags(_ section: Int) -> UnsafeMutablePointer<UInt8> {
        unsafe base(section).assumingMemoryBound(to: UInt8.self)
    }
}
