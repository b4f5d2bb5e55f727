import ArgumentParser
import FPGAEngine
import Glibc
import Lanes

/// Runs on a card by the driver alone, a line for each line read: XRT is set up once a process, so each
/// of its modes has one of its own.
///
/// Reads numbers of events; prints microseconds of a run, from start to the outputs fetched, and those
/// of it that the simulated kernel took itself (0 with XRT's stand-in, which computes nothing).
struct OffloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offload",
        abstract: "Times runs on an emulated card, or on XRT's stand-in for one."
    )

    @Option(help: "XRT's folder.") var xrt: String
    @Option(help: "Folder with firmware.json.") var firmware: String
    @Option(help: "What the card loads.") var xclbin: String
    @Option(help: "Control page of an emulated card; without it XRT's stand-in runs.")
    var page: String?
    @Option(help: "Most events of a run.") var events: Int
    @Option(help: "Seconds for each line.") var seconds = 1.0

    func run() throws {
        if let page { unsafe setenv("VIGIL_EMULATED_CARD", page, 1) }
        do {
            let described = try Firmware(folder: firmware)
            let card = try Card(
                library: CardLibrary(root: xrt, mode: page == nil ? .noop : .emulated),
                index: 0,
                kernel: CardKernel(
                    name: described.kernel,
                    xclbin: xclbin,
                    inputStrideBytes: described.layout.inputStride,
                    outputStrideBytes: described.layout.outputStride
                )
            )
            let slot = try CardSlot(card: card, events: events)
            let kernel = try page.map { page throws(BenchFailure) in try KernelTime(page: page) }
            while let line = readLine(), let count = Int(line), (1...events).contains(count) {
                try time(slot, count, kernel)
            }
        } catch {
            throw BenchFailure("\(error)")
        }
    }

    private func time(_ slot: CardSlot, _ count: Int, _ kernel: KernelTime?) throws {
        var runs = 0
        let before = kernel?.nanoseconds ?? 0
        let start = MonotonicClock.now()
        var now = start
        while Double(now - start) < seconds * 1e9 {
            // So few that the clock costs nothing, so many that a second is not much exceeded.
            for _ in 0..<Self.runsBetweenLooks {
                try slot.start(events: count)
                try slot.wait(milliseconds: 10_000)
            }
            runs += Self.runsBetweenLooks
            now = MonotonicClock.now()
        }
        let spent = (kernel?.nanoseconds ?? 0) - before
        print(
            Double(now - start) / Double(runs) / 1000,
            Double(spent) / Double(runs) / 1000
        )
        fflush(nil)
    }

    private static let runsBetweenLooks = 16
}

/// What an emulated card says of the wall time inside its simulated kernel.
@safe
struct KernelTime {
    private let words: UnsafePointer<UInt64>
    /// Place of the word on the control page (Zoo/firmware/card/page.h).
    private static let place = 4
    private static let pageBytes = 4096

    /// Maps a page that a card has made.
    init(page: String) throws(BenchFailure) {
        let file = unsafe open(page, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw BenchFailure("\(page) cannot be read: error \(errno)") }
        defer { close(file) }
        let memory = unsafe mmap(nil, Self.pageBytes, PROT_READ, MAP_SHARED, file, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            throw BenchFailure("\(page) cannot be mapped: error \(errno)")
        }
        unsafe words = UnsafePointer(memory.assumingMemoryBound(to: UInt64.self))
    }

    /// Nanoseconds since the page was made.
    var nanoseconds: UInt64 { unsafe words[Self.place] }
}
