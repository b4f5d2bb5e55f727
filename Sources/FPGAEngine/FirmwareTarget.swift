public import Execution

/// What runs firmware: an interpreter, a library, a card.
///
/// All give the same bits. One thread at a time uses it; a lane has its own.
public protocol FirmwareTarget: AnyObject {
    /// Name and version of what runs, as "vigil-dais 1".
    var version: String { get }

    /// Turns the input words of `events` events into their output words, both laid out as the
    /// firmware's `layout` says.
    func run(
        events: Int,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer
    ) throws(EngineFailure)
}
