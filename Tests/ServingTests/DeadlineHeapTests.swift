import Serving
import TestSupport
import Testing

@Suite struct DeadlineHeapTests {
    private let flights = Flights()

    @Test func `The soonest deadline comes first`() {
        var heap = DeadlineHeap(capacity: 8)
        #expect(heap.soonest == nil)
        #expect(unsafe heap.first == nil)
        let late = unsafe flights.make(deadline: 30)
        let soon = unsafe flights.make(deadline: 10)
        let middle = unsafe flights.make(deadline: 20)
        unsafe heap.insert(late)
        unsafe heap.insert(soon)
        unsafe heap.insert(middle)
        #expect(heap.soonest == 10)
        unsafe heap.remove(soon)
        #expect(unsafe heap.first == middle)
        unsafe heap.remove(late)
        #expect(heap.soonest == 20)
        unsafe heap.remove(middle)
        #expect(heap.soonest == nil)
        // Once more does nothing.
        unsafe heap.remove(middle)
        unsafe heap.insert(middle)
        #expect(heap.soonest == 20)
    }

    @Test("Any order of arrivals and departures leaves the soonest first", arguments: 0..<60)
    func property(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = DeadlineHeap(capacity: 64)
        var inside: [FlightPointer] = unsafe []
        for _ in 0..<500 {
            if unsafe inside.count < 60, random.int(0...2) > 0 {
                // Few different deadlines, so that ties are common.
                let flight = unsafe flights.make(deadline: UInt64(random.int(0...15)))
                unsafe heap.insert(flight)
                unsafe inside.append(flight)
            } else if unsafe !inside.isEmpty {
                let flight = unsafe inside.remove(at: random.int(0...(inside.count - 1)))
                unsafe heap.remove(flight)
                unsafe flights.release(flight)
            }
            let wanted = unsafe inside.indices.map { unsafe inside[$0].pointee.deadline }.min()
            #expect(heap.soonest == wanted)
        }
        var last: UInt64 = 0
        while let flight = unsafe heap.first {
            let deadline = unsafe flight.pointee.deadline
            #expect(deadline >= last)
            last = deadline
            unsafe heap.remove(flight)
        }
    }

    @Test func `A flight that is in already is a bug`() async {
        await #expect(processExitsWith: .failure) {
            var heap = DeadlineHeap(capacity: 2)
            let flight = unsafe Flights().make(deadline: 1)
            unsafe heap.insert(flight)
            unsafe heap.insert(flight)
        }
    }
}
