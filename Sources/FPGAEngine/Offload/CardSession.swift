/// A card that is open, with the kernel and its buffers.
///
/// One thread at a time.
protocol CardSession: AnyObject, Sendable {
    /// Runs the kernel on `events` events, laid out as the firmware says.
    func run(
        events: Int,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer
    ) throws(CardFailure)

    /// Clocks that its runs took so far, as the card counted them; nil where it does not.
    var clocks: UInt64? { get }
}
