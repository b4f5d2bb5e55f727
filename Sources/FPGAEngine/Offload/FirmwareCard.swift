public import Execution
internal import Lanes

/// A card that firmware is to run on, before it is opened.
public struct FirmwareCard: Sendable {
    /// Name of the device in replies, as "xrt:0".
    public let device: String
    /// Which card of the library's mode.
    public let index: Int
    /// Path of the card's configuration, which holds the kernel.
    public let xclbin: String
    /// Longest time of a run before the card counts as lost.
    public let runMilliseconds: Int
    private let library: CardLibrary

    /// A card by the XRT in the folder `root`; fails where that is not there, or was opened in another
    /// mode.
    public init(
        device: String,
        index: Int,
        root: String,
        mode: CardMode,
        xclbin: String,
        runMilliseconds: Int
    ) throws(EngineFailure) {
        self.device = device
        self.index = index
        self.xclbin = xclbin
        self.runMilliseconds = runMilliseconds
        do throws(CardFailure) {
            library = try CardLibrary(root: root, mode: mode)
        } catch {
            throw EngineFailure(call: error.call, message: error.message)
        }
    }

    /// Opens it and keeps it open; refuses one that gives other words than the firmware's.
    func keep(_ firmware: Firmware) throws(EngineFailure) -> CardKeeper {
        let first: Result<any CardSession, CardFailure>
        do throws(CardFailure) {
            first = .success(try open(firmware))
        } catch {
            guard !error.isWrongAnswer else {
                throw EngineFailure(call: "golden check of \(device)", message: error.message)
            }
            first = .failure(error)
        }
        do throws(LaneFailure) {
            return try CardKeeper(first) { () throws(CardFailure) in try open(firmware) }
        } catch {
            throw EngineFailure(call: error.call, message: error.description)
        }
    }

    private func open(_ firmware: Firmware) throws(CardFailure) -> any CardSession {
        try OpenCard.proven(
            library: library,
            index: index,
            xclbin: xclbin,
            firmware: firmware,
            milliseconds: runMilliseconds
        )
    }
}
