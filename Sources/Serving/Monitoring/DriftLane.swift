internal import Calibration
internal import Monitoring
internal import Synchronization

/// Counts the watched values of the events that one lane runs.
///
/// Each lane has counts of its own and brings them to `StreamWindows` at the end of a window, so that
/// lanes do not wait for one another. The lock is for the thread that judges: it takes what a lane
/// that has nothing to do still holds of a window that others ended.
@safe
package final class DriftLane: @unchecked Sendable {
    // Safe because what changes is touched under the lock only.
    /// What it holds of a stream.
    private struct Held {
        var window = 0
        var events = 0
    }

    private let lock = Mutex(())
    private let layout: DriftLayout
    private let windows: StreamWindows
    private let held: UnsafeMutablePointer<Held>
    private let counts: UnsafeMutablePointer<UInt32>

    init(_ layout: DriftLayout, _ windows: StreamWindows) {
        self.layout = layout
        self.windows = windows
        unsafe held = .allocate(capacity: StreamTable.capacity)
        unsafe held.initialize(repeating: Held(), count: StreamTable.capacity)
        let places = StreamTable.capacity * layout.places
        unsafe counts = .allocate(capacity: places)
        unsafe counts.initialize(repeating: 0, count: places)
    }

    deinit {
        unsafe held.deallocate()
        unsafe counts.deallocate()
    }

    /// Counts the rows of a micro-batch's segments; outputs of rows at `flagged` positions are none.
    package func count(
        _ segments: [BatchQueues.Segment],
        outputs: RawOutputs,
        flagged: [Int]
    ) {
        lock.withLock { _ in
            var position = 0
            var stream = 0
            // Numbers that are claimed, for this segment and neighbours of its stream.
            var number = 0
            var claimed = 0
            var isCounted = false
            for index in segments.indices {
                let segment = segments[index]
                if claimed == 0 {
                    stream = unsafe Self.stream(segment.flight)
                    claimed = rows(of: stream, in: segments, from: index)
                    isCounted = unsafe stream != Flight.noStream
                    number = isCounted ? windows.claim(stream, rows: claimed) : 0
                }
                if isCounted {
                    count(
                        segment,
                        number: number,
                        of: stream,
                        position: position,
                        outputs: outputs,
                        flagged: flagged
                    )
                }
                position &+= segment.rows
                number &+= segment.rows
                claimed &-= segment.rows
            }
        }
    }

    /// The stream that a flight's rows count in: none for what the daemon makes up, nor for events
    /// that come with their truths, which are chosen (as sources are) and so no sample of a stream.
    @inline(__always)
    private static func stream(_ flight: FlightPointer) -> Int {
        unsafe flight.pointee.observations == nil ? flight.pointee.stream : Flight.noStream
    }

    /// Rows of the segments from `first` on up to one of another stream.
    private func rows(of stream: Int, in segments: [BatchQueues.Segment], from first: Int) -> Int {
        var rows = 0
        for index in first..<segments.count {
            guard unsafe Self.stream(segments[index].flight) == stream else { break }
            rows &+= segments[index].rows
        }
        return rows
    }

    /// Counts a segment, whose first row is event `number` of the stream, cut where windows end.
    private func count(
        _ segment: BatchQueues.Segment,
        number: Int,
        of stream: Int,
        position: Int,
        outputs: RawOutputs,
        flagged: [Int]
    ) {
        var row = 0
        while row < segment.rows {
            let window = (number &+ row) / StreamWindows.events
            let end = (window &+ 1) &* StreamWindows.events &- number
            let rows = row..<min(segment.rows, end)
            if unsafe held[stream].window != window {
                handOver(stream)
                unsafe held[stream].window = window
            }
            unsafe layout.tally(
                segment,
                rows: rows,
                position: position &+ row,
                outputs: outputs,
                flagged: flagged,
                into: counts + stream &* layout.places
            )
            unsafe held[stream].events += rows.count
            row = rows.upperBound
            guard row == end else { continue }
            handOver(stream)
            windows.ring()
        }
    }

    /// Hands over what is held of windows that have ended.
    func collect() {
        lock.withLock { _ in
            for stream in 0..<StreamTable.capacity {
                let end = unsafe (held[stream].window + 1) * StreamWindows.events
                if windows.events(of: stream) >= end { handOver(stream) }
            }
        }
    }

    private func handOver(_ stream: Int) {
        guard unsafe held[stream].events > 0 else { return }
        let own = unsafe counts + stream * layout.places
        unsafe windows.add(
            own,
            events: held[stream].events,
            stream: stream,
            window: held[stream].window
        )
        unsafe own.update(repeating: 0, count: layout.places)
        unsafe held[stream].events = 0
    }
}
