internal import CZeroMQ
internal import Wire

/// The frames of the requests that are held, under the numbers of their flights.
///
/// One slot more than the deck has flights: the last one reads what is refused at once.
@safe
final class MessageSlots {
    /// Frames of a slot: identity, header, tensors.
    static let framesPerSlot = 2 + RequestDecoder.maximumFrames

    /// What is kept of a request beside its frames.
    struct Envelope {
        var id: UInt64 = 0
        /// Whether an empty REQ delimiter came and is echoed.
        var hasDelimiter = false
        /// Whether the tensors came in frames: then the reply's do as well.
        var isFramed = false
        /// Frames that are initialised: identity, header, tensors.
        var frameCount = 0
        /// Tensor frames past the limit, which were not kept.
        var droppedFrames = 0
    }

    private let messages: UnsafeMutablePointer<zmq_msg_t>
    private let envelopes: UnsafeMutablePointer<Envelope>
    private var arenas: [Arena?]
    private let count: Int

    init(capacity: Int) {
        count = capacity + 1
        unsafe messages = .allocate(capacity: count * Self.framesPerSlot)
        unsafe envelopes = .allocate(capacity: count)
        unsafe envelopes.initialize(repeating: Envelope(), count: count)
        arenas = Array(repeating: nil, count: count)
    }

    deinit {
        for slot in 0..<count { close(slot) }
        unsafe messages.deallocate()
        unsafe envelopes.deallocate()
    }

    /// Number of the slot that belongs to no flight.
    var spare: Int { count - 1 }

    /// Frame `index` of a slot: 0 identity, 1 header, from 2 tensors.
    @inline(__always)
    func message(_ slot: Int, _ index: Int) -> UnsafeMutablePointer<zmq_msg_t> {
        unsafe messages + slot * Self.framesPerSlot + index
    }

    @inline(__always)
    func envelope(_ slot: Int) -> UnsafeMutablePointer<Envelope> { unsafe envelopes + slot }

    /// Memory that the slot's decoded header lies in.
    func arena(_ slot: Int) -> Arena {
        if let arena = arenas[slot] { return arena }
        let arena = Arena()
        arenas[slot] = arena
        return arena
    }

    /// Closes every frame of a slot.
    func close(_ slot: Int) {
        for index in unsafe 0..<envelopes[slot].frameCount {
            unsafe zmq_msg_close(message(slot, index))
        }
        unsafe envelopes[slot].frameCount = 0
    }
}
