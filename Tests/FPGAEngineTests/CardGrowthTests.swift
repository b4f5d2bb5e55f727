import FPGAEngine
import Foundation
import Testing

/// What the process holds.
private struct Held {
    let bytes: Int
    let descriptors: Int
    let threads: Int

    init() throws {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
            .split(separator: " ")
        bytes = (Int(pages[1]) ?? 0) * 4096
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }
}

@Suite struct CardGrowthTests {
    @Test func faultsLeaveNothingBehind() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let library = try bench.library()
            let faults = CardPage.Fault.allCases.filter { $0 != .bits && $0 != .hang }
            func fail(_ count: Int) throws {
                for index in 0..<count {
                    try bench.page.fail(faults[index % faults.count])
                    #expect(throws: CardFailure.self) { try bench.attempt(library) }
                }
            }
            try fail(500)
            let before = try Held()
            try fail(2000)
            let after = try Held()
            #expect(after.descriptors == before.descriptors && after.threads == before.threads)
            #expect(after.bytes - before.bytes < 4 << 20)
        }
    }

    /// With XRT's noop driver a run ends at once, so what is left is the driver's own cost.
    @Test func aCallCostsLittle() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let library = try CardLibrary(root: bench.root, mode: .noop)
            let card = try Card(library: library, index: 0, kernel: bench.noopKernel)
            let slot = try CardSlot(card: card, events: 1024)
            let runs = 10_000
            let nanoseconds = try (0..<5).map { _ in
                let start = ContinuousClock.now
                for _ in 0..<runs {
                    try slot.start(events: 1024)
                    try slot.wait(milliseconds: 1000)
                }
                return (ContinuousClock.now - start) / .nanoseconds(runs)
            }
            let least = nanoseconds.min() ?? .infinity
            #expect(least < 5000)
        }
    }
}
