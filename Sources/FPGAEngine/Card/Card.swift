internal import CXRT

/// A card with a kernel loaded, which nobody else has meanwhile.
///
/// Used by one thread at a time, its slots too: XRT lets a thread that waits for one run of a card
/// hold up another that waits for a second. Closed when it and its slots are gone; a run that hangs
/// is left behind, and opening the card again sets it up anew.
@safe
public final class Card {
    /// What runs on it.
    public let kernel: CardKernel
    let pointer: OpaquePointer

    /// Opens card `index`, loads the xclbin and takes the kernel.
    ///
    /// Some milliseconds for an emulated card, up to seconds for a real one.
    public init(
        library: borrowing CardLibrary,
        index: Int,
        kernel: CardKernel
    ) throws(CardFailure) {
        precondition(index >= 0, "cards are counted from 0")
        self.kernel = kernel
        var failure = unsafe cxrt_failure()
        let made = unsafe cxrt_card_open(UInt32(index), kernel.xclbin, kernel.name, &failure)
        guard let opened = unsafe made else { throw unsafe CardFailure(failure) }
        unsafe pointer = opened
    }

    deinit {
        unsafe cxrt_card_close(pointer)
    }

    /// Clocks from start to done of all runs that ended since the card was opened, as the kernel counted
    /// them.
    ///
    /// Not in the mode `noop`.
    public func clocks() throws(CardFailure) -> UInt64 {
        var clocks: UInt64 = 0
        var failure = unsafe cxrt_failure()
        guard unsafe cxrt_card_clocks(pointer, &clocks, &failure) == 0 else {
            throw unsafe CardFailure(failure)
        }
        return clocks
    }
}
