public import Execution
public import Tensors

/// Firmware as an engine, run as software, or on a card with the software behind it.
public final class FirmwareEngine: Engine {
    /// What runs it.
    public enum Software: Sendable, Equatable {
        /// The interpreter of its program.
        case interpreter
        /// da4ml's own library, at this path.
        case library(String)
    }

    /// Version of what runs.
    public let version: String
    /// Input tensors, in order: float32.
    public let inputs: [TensorSignature]
    /// Output tensors, in order: float32, or float64 where a port is wider than that holds.
    public let outputs: [TensorSignature]
    /// The only number of rows that the artefact takes, or nil for any.
    public let fixedRows: Int? = nil
    /// The same steps are done whatever the values are; a card's time is not the processor's.
    public var hasSteadyCost: Bool { keeper == nil }
    /// What the interpreter made of the program, or which library runs it.
    public let evaluation: String
    /// What is run.
    public let firmware: Firmware
    private let software: Software

    private let keeper: CardKeeper?
    /// The card and the software behind it; empty without a card.
    public let devices: [String]

    /// Refuses what does not repeat the firmware's golden words; a `card` that cannot be opened does
    /// not answer for now.
    public init(
        _ firmware: Firmware,
        software: Software,
        card: FirmwareCard? = nil
    ) throws(EngineFailure) {
        self.firmware = firmware
        self.software = software
        inputs = firmware.inputSignatures
        outputs = firmware.outputSignatures
        let target = try Self.target(firmware, software)
        version = Self.version
        evaluation = (target as? FirmwareInterpreter)?.evaluation ?? target.version
        try firmware.golden.check(target, firmware)
        devices = card.map { [$0.device, Device.firmwareSoftware.text] } ?? []
        keeper = try card?.keep(firmware)
    }

    deinit { keeper?.stop() }

    /// Version of what all ways to run firmware give: they agree bit for bit, or are not served.
    private static let version = "vigil-firmware 1"

    /// Why software answers in the card's place, or nil while the card does.
    public var degradation: String? {
        keeper?.reason.map { "\(devices[0]) does not answer, \(devices[1]) does: \($0)" }
    }

    /// What the card did, and the software in its place.
    public var deviceCounts: [DeviceCounts] {
        keeper.map { [$0.counts, $0.softwareCounts] } ?? []
    }

    /// What one lane needs to run micro-batches.
    public func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        let target = try Self.target(firmware, software)
        return FirmwareInstance(
            WordBuffers(firmware, maximumRows: maximumRows),
            keeper.map { OffloadedTarget($0, software: target) } ?? target
        )
    }

    /// Nothing explains a score by its logic.
    public func makeExplainer(
        background: [Float]?
    ) throws(EngineFailure) -> (any StructureExplainer)? {
        nil
    }

    private static func target(
        _ firmware: Firmware,
        _ software: Software
    ) throws(EngineFailure) -> any FirmwareTarget {
        switch software {
        case .interpreter: FirmwareInterpreter(firmware)
        case .library(let path): try FirmwareLibrary(path: path, firmware)
        }
    }
}

extension Firmware {
    /// Input tensors as a client gives them.
    public var inputSignatures: [TensorSignature] {
        inputs.map { TensorSignature(name: $0.name, type: .float32, shape: $0.shape) }
    }

    /// Output tensors as a client gets them.
    public var outputSignatures: [TensorSignature] {
        outputs.map {
            TensorSignature(name: $0.name, type: WordUnpacking.type($0.ports), shape: $0.shape)
        }
    }
}

/// Memory and target of one lane.
public final class FirmwareInstance: EngineInstance {
    private let buffers: WordBuffers
    private let target: any FirmwareTarget
    /// The target where it is a card with software behind it.
    private let offloaded: OffloadedTarget?

    /// Runs `target` on the words of `buffers`.
    public init(_ buffers: WordBuffers, _ target: any FirmwareTarget) {
        self.buffers = buffers
        self.target = target
        offloaded = target as? OffloadedTarget
    }

    /// Rows of the last run with a value that its port cannot hold, in order.
    public var rowsOutOfRange: [Int] { buffers.flaggedRows }

    /// Place of the device that answered the last run.
    public var answeredBy: Int {
        (offloaded?.answeredBy ?? .card).rawValue
    }

    /// Memory for input `index`.
    public func inputMemory(_ index: Int) -> UnsafeMutableRawPointer {
        unsafe buffers.inputMemory(index)
    }

    /// Memory of output `index`.
    public func outputMemory(_ index: Int) -> UnsafeRawPointer {
        unsafe buffers.outputMemory(index)
    }

    /// Runs a micro-batch from the input memory.
    public func run(rows: Int) throws(EngineFailure) {
        buffers.pack(rows: rows)
        try run(packed: rows)
    }

    /// Runs a micro-batch whose only input lies at `input`.
    public func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        unsafe buffers.pack(rows: rows, lentInput: input)
        try run(packed: rows)
    }

    private func run(packed rows: Int) throws(EngineFailure) {
        unsafe try target.run(events: rows, input: buffers.wordsIn, output: buffers.wordsOut)
        buffers.unpack(rows: rows)
    }
}
