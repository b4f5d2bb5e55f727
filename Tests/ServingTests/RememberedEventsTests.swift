import Serving
import TestSupport
import Testing

@Suite struct RememberedEventsTests {
    private struct Known: Equatable {
        let generation: Int
        let values: [Double]
    }

    private static func insert(
        _ events: inout RememberedEvents,
        id: UInt64,
        stream: Int,
        _ known: Known
    ) {
        let observed = known.values.map { value in
            var one = Observation()
            one.value = value
            return one
        }
        unsafe observed.withUnsafeBufferPointer { buffer in
            unsafe events.insert(
                id: id,
                stream: stream,
                generation: known.generation,
                buffer
            )
        }
    }

    private static func find(_ events: RememberedEvents, id: UInt64, stream: Int) -> Known? {
        events.find(id: id, stream: stream).map {
            Known(generation: $0.generation, values: $0.observations.map(\.value))
        }
    }

    @Test("The last events are found as they were last, and no others", arguments: 0..<20)
    func last(seed: UInt64) {
        var random = SeededRandom(seed: 900 + seed)
        let capacity = random.int(1...40)
        let width = random.int(1...3)
        var events = RememberedEvents(capacity: capacity, width: width)
        // Keys in the order of their first place in the ring.
        var order: [(id: UInt64, stream: Int)] = []
        var known: [String: Known] = [:]
        for turn in 0..<400 {
            let (id, stream) = (UInt64(random.int(0...80)), random.int(0...2))
            let name = "\(id)/\(stream)"
            if known[name] == nil {
                if order.count == capacity {
                    let oldest = order.removeFirst()
                    known["\(oldest.id)/\(oldest.stream)"] = nil
                }
                order.append((id, stream))
            }
            let one = Known(
                generation: turn,
                values: (0..<width).map { _ in Double(random.int(0...1000)) }
            )
            known[name] = one
            Self.insert(&events, id: id, stream: stream, one)
            #expect(events.count == order.count)
        }
        for id in 0...80 as ClosedRange<UInt64> {
            for stream in 0...2 {
                #expect(Self.find(events, id: id, stream: stream) == known["\(id)/\(stream)"])
            }
        }
    }

    @Test func `Without room nothing is remembered`() {
        var events = RememberedEvents(capacity: 0, width: 1)
        Self.insert(&events, id: 1, stream: 0, Known(generation: 1, values: [2]))
        #expect(events.count == 0)
        #expect(Self.find(events, id: 1, stream: 0) == nil)
    }
}
