import FPGAEngine
import Testing

/// Each test is a process of its own: XRT is set up once a process, and by the environment.
@Suite struct CardTests {
    @Test func twoRunsAtATimeGiveTheGoldenWords() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let card = try Card(library: bench.library(), index: 1, kernel: bench.kernel)
            let half = bench.events / 2
            let slots = [
                try CardSlot(card: card, events: half), try CardSlot(card: card, events: half),
            ]
            for (index, slot) in slots.enumerated() {
                bench.fill(slot, from: index * half, count: half)
                try slot.start(events: half)
            }
            for (index, slot) in slots.enumerated() {
                try slot.wait(milliseconds: 10_000)
                #expect(bench.agrees(slot, from: index * half, count: half))
            }
            let clocks = try card.clocks()
            #expect(clocks > half, "an event a clock at most")
        }
    }

    @Test func everyFaultIsAFailureOfItsCall() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let library = try bench.library()
            let calls: [(CardPage.Fault, String)] = [
                (.open, "xrtDeviceOpen"), (.load, "xrtDeviceLoadXclbinFile"),
                (.context, "xrtPLKernelOpenExclusive"), (.allocate, "xrtBOAlloc"),
                (.map, "xrtRunOpen"), (.syncTo, "xrtBOSync"), (.syncFrom, "xrtBOSync"),
                (.start, "xrtRunStart"), (.wait, "xrtRunWaitFor"), (.state, "xrtRunWaitFor"),
                (.bus, "xrtRunWaitFor"), (.register, "xrtKernelReadRegister"),
            ]
            for (fault, call) in calls {
                try bench.page.fail(fault)
                let failure = #expect(throws: CardFailure.self) { try bench.attempt(library) }
                #expect(failure?.call == call, "\(fault)")
                #expect(failure?.isTimeout == false, "\(fault)")
            }
            let works = try bench.attempt(library)
            #expect(works)
        }
    }

    @Test func wrongBitsAreSeenByWhoComparesAlone() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let library = try bench.library()
            try bench.page.fail(.bits)
            let first = try bench.attempt(library)
            let second = try bench.attempt(library)
            #expect(!first && second)
        }
    }

    @Test func aHungRunTimesOutAndTheCardOpenedAgainWorks() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let library = try bench.library()
            try bench.page.fail(.hang)
            let failure = #expect(throws: CardFailure.self) {
                try bench.attempt(library, milliseconds: 100)
            }
            #expect(failure?.isTimeout == true)
            let works = try bench.attempt(library)
            #expect(works)
        }
    }

    @Test func aRunThatTimedOutCanBeWaitedForAgain() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let card = try Card(library: bench.library(), index: 0, kernel: bench.kernel)
            let slot = try CardSlot(card: card, events: 16)
            bench.fill(slot, from: 0, count: 16)
            try bench.page.fail(.hang)
            try slot.start(events: 16)
            for _ in 0..<2 {
                let failure = #expect(throws: CardFailure.self) { try slot.wait(milliseconds: 20) }
                #expect(failure?.isTimeout == true && slot.isRunning)
            }
            try bench.page.setGone(true)
            let failure = #expect(throws: CardFailure.self) { try slot.wait(milliseconds: 10_000) }
            #expect(failure?.isTimeout == false && !slot.isRunning, "its run was aborted")
        }
    }

    @Test func aSlotWorksAgainAfterAStartThatFailed() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let card = try Card(library: bench.library(), index: 0, kernel: bench.kernel)
            let slot = try CardSlot(card: card, events: 16)
            bench.fill(slot, from: 0, count: 16)
            try bench.page.fail(.start)
            #expect(throws: CardFailure.self) { try slot.start(events: 16) }
            try slot.start(events: 16)
            try slot.wait(milliseconds: 10_000)
            #expect(bench.agrees(slot, from: 0, count: 16))
        }
    }

    @Test func badAnswersOfTheMemoryFailEveryRunThatWasUnderWay() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let card = try Card(library: bench.library(), index: 0, kernel: bench.kernel)
            let first = try CardSlot(card: card, events: 16)
            let second = try CardSlot(card: card, events: 16)
            try bench.page.fail(.bus)
            try first.start(events: 16)
            try second.start(events: 16)
            #expect(throws: CardFailure.self) { try first.wait(milliseconds: 10_000) }
            #expect(throws: CardFailure.self) { try second.wait(milliseconds: 10_000) }
            bench.fill(first, from: 0, count: 16)
            try first.start(events: 16)
            try first.wait(milliseconds: 10_000)
            #expect(bench.agrees(first, from: 0, count: 16))
        }
    }

    @Test func whatIsNotThereIsNamed() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let library = try bench.library()
            func opening(_ name: String, _ xclbin: String, index: Int = 0) -> CardFailure? {
                #expect(throws: CardFailure.self) {
                    let kernel = CardKernel(
                        name: name,
                        xclbin: xclbin,
                        inputStrideBytes: 32,
                        outputStrideBytes: 4
                    )
                    _ = try Card(library: library, index: index, kernel: kernel)
                }
            }
            let good = bench.kernel
            #expect(opening(good.name, "/nowhere.xclbin")?.message.contains("/nowhere") == true)
            #expect(opening("other", good.xclbin)?.call == "xrtPLKernelOpenExclusive")
            #expect(opening(good.name, good.xclbin, index: 99)?.call == "xrtDeviceOpen")
            #expect(opening(good.name, bench.noopKernel.xclbin)?.call == "xrtDeviceLoadXclbinFile")
        }
    }

    @Test func aRootWithoutTheLibraryIsRefusedAndAnotherModeToo() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let missing = #expect(throws: CardFailure.self) {
                _ = try CardLibrary(root: "/nowhere", mode: .emulated)
            }
            #expect(missing?.call == "dlopen")
            _ = try bench.library()
            _ = try bench.library()
            #expect(throws: CardFailure.self) {
                _ = try CardLibrary(root: bench.root, mode: .noop)
            }
        }
    }

    @Test func hardwareThatIsNotThereIsSaidToBeMissing() async {
        await #expect(processExitsWith: .success) {
            let bench = try CardBench()
            let library = try CardLibrary(root: bench.root, mode: .hardware)
            let failure = #expect(throws: CardFailure.self) {
                _ = try Card(library: library, index: 250, kernel: bench.kernel)
            }
            #expect(failure?.call == "xrtDeviceOpen")
        }
    }
}
