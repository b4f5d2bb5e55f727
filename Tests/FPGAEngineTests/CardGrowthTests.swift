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
            // A thread that was joined may be listed a moment longer.
            var after = try Held()
            for _ in 0..<1000 where after.threads > before.threads {
                try await Task.sleep(for: .milliseconds(10))
                after = try Held()
            }
            #expect(after.descriptors <= before.descriptors)
            #expect(after.threads <= before.threads)
            #expect(after.bytes - before.bytes < 4 << 20)
        }
    }
}
