internal import Execution

/// Runs firmware on a card, and as software whenever the card does not answer: the words are the same.
final class OffloadedTarget: FirmwareTarget {
    private let keeper: CardKeeper
    private let software: any FirmwareTarget
    private(set) var answeredBy = FirmwareDevice.card

    init(_ keeper: CardKeeper, software: any FirmwareTarget) {
        self.keeper = keeper
        self.software = software
    }

    var version: String { software.version }

    func run(
        events: Int,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer
    ) throws(EngineFailure) {
        if unsafe keeper.run(events: events, input: input, output: output) {
            answeredBy = .card
        } else {
            try unsafe software.run(events: events, input: input, output: output)
            answeredBy = .software
            keeper.countSoftware(events)
        }
    }
}

/// Places in an offloaded engine's list of devices.
enum FirmwareDevice: Int {
    case card
    case software
}
