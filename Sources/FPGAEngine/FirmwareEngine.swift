public import Execution
public import Tensors

/// Firmware as an engine, run in software.
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
    /// The same steps are done whatever the values are.
    public let hasSteadyCost = true
    /// What the interpreter made of the program.
    public let evaluation: String
    /// What is run.
    public let firmware: Firmware
    private let software: Software

    /// Refuses what does not repeat the firmware's golden words.
    public init(_ firmware: Firmware, software: Software) throws(EngineFailure) {
        self.firmware = firmware
        self.software = software
        inputs = firmware.inputSignatures
        outputs = firmware.outputSignatures
        let target = try Self.target(firmware, software)
        version = target.version
        evaluation = (target as? FirmwareInterpreter)?.evaluation ?? ""
        try firmware.golden.check(target, firmware)
    }

    /// What one lane needs to run micro-batches.
    public func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        FirmwareInstance(
            WordBuffers(firmware, maximumRows: maximumRows),
            try Self.target(firmware, software)
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

    /// Runs `target` on the words of `buffers`.
    public init(_ buffers: WordBuffers, _ target: any FirmwareTarget) {
        self.buffers = buffers
        self.target = target
    }

    /// Rows of the last run with a value that its port cannot hold, in order.
    public var flaggedRows: [Int] { buffers.flaggedRows }

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
