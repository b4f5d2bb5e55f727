/// The last events that were scored with an id, by stream and id, until their truths come.
///
/// A ring: the oldest makes room. An event that is scored again is remembered as it was last.
package struct RememberedEvents {
    private struct Key: Hashable {
        let id: UInt64
        let stream: Int
    }

    private let capacity: Int
    /// Observations of one event.
    private let width: Int
    private var places: [Key: Int] = [:]
    private var keys: [Key] = []
    private var generations: [Int] = []
    private var observations: [Observation] = []
    /// Place of the oldest, once the ring is full.
    private var next = 0

    /// Room for `capacity` events of `width` observations each.
    package init(capacity: Int, width: Int) {
        self.capacity = capacity
        self.width = width
    }

    /// Events that are remembered.
    package var count: Int { keys.count }

    /// Remembers an event that a calibration of a number answered.
    package mutating func insert(
        id: UInt64,
        stream: Int,
        generation: Int,
        _ observed: UnsafeBufferPointer<Observation>
    ) {
        guard capacity > 0 else { return }
        let key = Key(id: id, stream: stream)
        let place: Int
        if let known = places[key] {
            place = known
        } else if keys.count < capacity {
            place = keys.count
            keys.append(key)
            generations.append(generation)
            observations += Array(repeating: Observation(), count: width)
            places[key] = place
        } else {
            place = next
            next = (next + 1) % capacity
            places[keys[place]] = nil
            keys[place] = key
            places[key] = place
        }
        generations[place] = generation
        for index in 0..<width {
            observations[place * width + index] = unsafe observed[index]
        }
    }

    /// What was observed of an event, and by which calibration; nil for one that is not remembered.
    package func find(id: UInt64, stream: Int) -> (
        generation: Int, observations: ArraySlice<Observation>
    )? {
        guard let place = places[Key(id: id, stream: stream)] else { return nil }
        return (generations[place], observations[place * width..<(place + 1) * width])
    }
}
