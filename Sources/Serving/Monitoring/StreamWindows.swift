internal import Lanes
internal import Monitoring
internal import Synchronization

/// Where the lanes of a version bring together what they counted, window by window.
///
/// A stream's events are numbered as lanes claim them; window w holds the numbers from w times
/// `events` on, exactly. Memory is taken once: a few windows of each stream.
@safe
package final class StreamWindows: @unchecked Sendable {
    // Safe because what changes is atomic or touched under the lock only.
    /// Events of a window.
    package static let events = 10_000
    /// Windows of a stream that may wait to be filled or judged; past that the oldest is skipped.
    package static let openWindows = 4

    /// One window in the making.
    private struct Slot {
        /// Number of the window, or -1.
        var window = -1
        var events = 0
    }

    /// Places of counts that a window has, of all values, those of values that are not finite included.
    let places: Int
    private let lock = Mutex(())
    private var slots: [Slot]
    private var skipped = [Int](repeating: 0, count: StreamTable.capacity)
    private let counts: UnsafeMutablePointer<UInt32>
    private let claimed: UnsafeMutablePointer<Atomic<Int>>
    /// Rung when a lane has come to the end of a window.
    private let bell: Bell

    init(places: Int, bell: Bell) {
        self.places = places
        self.bell = bell
        let slotCount = StreamTable.capacity * Self.openWindows
        slots = Array(repeating: Slot(), count: slotCount)
        unsafe counts = .allocate(capacity: slotCount * places)
        unsafe counts.initialize(repeating: 0, count: slotCount * places)
        unsafe claimed = .allocate(capacity: StreamTable.capacity)
        for stream in 0..<StreamTable.capacity {
            unsafe (claimed + stream).initialize(to: Atomic(0))
        }
    }

    deinit {
        unsafe counts.deallocate()
        unsafe claimed.deinitialize(count: StreamTable.capacity)
        unsafe claimed.deallocate()
    }

    /// The number of the first of `rows` events that now belong to the caller.
    @inline(__always)
    func claim(_ stream: Int, rows: Int) -> Int {
        unsafe claimed[stream].wrappingAdd(rows, ordering: .relaxed).oldValue
    }

    /// Events of a stream so far.
    func events(of stream: Int) -> Int { unsafe claimed[stream].load(ordering: .relaxed) }

    /// Windows of a stream that nobody judged in time.
    func skipped(of stream: Int) -> Int { lock.withLock { _ in skipped[stream] } }

    /// Adds what a lane counted of a window.
    func add(_ held: UnsafePointer<UInt32>, events: Int, stream: Int, window: Int) {
        lock.withLock { _ in
            let slot = stream * Self.openWindows + window % Self.openWindows
            if slots[slot].window != window {
                // Of a window that was skipped already: its other events are gone.
                guard slots[slot].window < window else { return }
                if slots[slot].events > 0 { skipped[stream] += 1 }
                slots[slot] = Slot(window: window)
                unsafe (counts + slot * places).update(repeating: 0, count: places)
            }
            slots[slot].events += events
            let sum = unsafe counts + slot * places
            for place in 0..<places { unsafe sum[place] &+= unsafe held[place] }
        }
    }

    /// Wakes who judges windows.
    func ring() { bell.ring() }

    /// Takes the counts of a stream's oldest full window, or nil.
    func takeFull(_ stream: Int) -> [UInt32]? {
        lock.withLock { _ in
            let own = stream * Self.openWindows..<(stream + 1) * Self.openWindows
            let full = own.filter { slots[$0].events == Self.events }
            guard let slot = full.min(by: { slots[$0].window < slots[$1].window }) else {
                return nil
            }
            // The number stays: what comes late of windows before it is known by that.
            slots[slot].events = 0
            return (0..<places).map { unsafe counts[slot * places + $0] }
        }
    }
}
