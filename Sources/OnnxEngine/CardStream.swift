internal import CCUDA
internal import Execution

/// Work that a card does one after the other; used by one thread at a time.
@safe
final class CardStream {
    /// Number of the card.
    let card: Int
    private let pointer: OpaquePointer

    init(_ runtime: CUDARuntime, card: Int) throws(EngineFailure) {
        var failure = unsafe ccuda_failure()
        guard let made = unsafe ccuda_stream_create(Int32(card), &failure) else {
            throw unsafe EngineFailure(failure)
        }
        self.card = card
        unsafe pointer = made
    }

    deinit {
        unsafe ccuda_stream_destroy(pointer)
    }

    /// CUDA's own handle, valid as long as this object.
    var handle: UnsafeMutableRawPointer? { unsafe ccuda_stream_handle(pointer) }

    /// Starts a copy to the card, of as much as `block` holds; `memory` is read until `wait` returns.
    func copy(_ memory: UnsafeRawPointer, to block: CardBlock) throws(EngineFailure) {
        var failure = unsafe ccuda_failure()
        let code = unsafe ccuda_stream_copy_in(
            pointer,
            block.memory,
            memory,
            block.byteCount,
            &failure
        )
        guard code == 0 else { throw unsafe EngineFailure(failure) }
    }

    /// Starts a copy to the host, of all that `block` holds; `memory` is written until `wait` returns.
    func copy(_ block: CardBlock, to memory: UnsafeMutableRawPointer) throws(EngineFailure) {
        var failure = unsafe ccuda_failure()
        let code = unsafe ccuda_stream_copy_out(
            pointer,
            memory,
            block.memory,
            block.byteCount,
            &failure
        )
        guard code == 0 else { throw unsafe EngineFailure(failure) }
    }

    /// Waits for all that was started.
    func wait() throws(EngineFailure) {
        var failure = unsafe ccuda_failure()
        guard unsafe ccuda_stream_wait(pointer, &failure) == 0 else {
            throw unsafe EngineFailure(failure)
        }
    }
}

/// Memory of a card, that stays where it is.
@safe
final class CardBlock {
    /// CUDA's address, nothing that the host may follow.
    let memory: UnsafeMutableRawPointer
    let byteCount: Int
    private let card: Int

    init(_ runtime: CUDARuntime, card: Int, byteCount: Int) throws(EngineFailure) {
        var failure = unsafe ccuda_failure()
        guard let made = unsafe ccuda_card_allocate(Int32(card), byteCount, &failure) else {
            throw unsafe EngineFailure(failure)
        }
        unsafe memory = made
        self.byteCount = byteCount
        self.card = card
    }

    deinit {
        unsafe ccuda_card_free(Int32(card), memory)
    }
}
