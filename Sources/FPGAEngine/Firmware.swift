/// What a version's folder says of a piece of firmware: its ports, how its kernel is called, its
/// program, and the words that it must give for some events.
public struct Firmware: Sendable {
    /// The file that describes the rest.
    public static let fileName = "firmware.json"

    /// Folder of the version.
    public let folder: String
    /// Name of the kernel on a card.
    public let kernel: String
    /// Tensors that it takes; the words of an event lie one tensor after the other.
    public let inputs: [FirmwareTensor]
    /// Tensors that it gives, likewise.
    public let outputs: [FirmwareTensor]
    /// Where events lie in memory.
    public let layout: WordLayout
    /// Most events of one run of the kernel.
    public let maximumEvents: Int
    /// What the kernel promises of time.
    public let timing: FirmwareTiming
    /// What the kernel takes of a card.
    public let resources: FirmwareResources
    /// Versions of the tools that made it.
    public let tools: FirmwareTools
    /// What the kernel computes.
    public let program: DAISProgram
    /// Words in and out that every way to run the firmware must repeat bit for bit.
    public let golden: GoldenWords

    /// Formats of all input words of an event, in order.
    public var inputPorts: [FixedPointFormat] { inputs.flatMap(\.ports) }
    /// Formats of all output words of an event, in order.
    public var outputPorts: [FixedPointFormat] { outputs.flatMap(\.ports) }
}

/// One tensor of firmware: a port for each value.
public struct FirmwareTensor: Sendable, Equatable {
    /// Name, as a client gives it.
    public let name: String
    /// Shape of one event; empty for a scalar.
    public let shape: [Int]
    /// Formats in C order.
    public let ports: [FixedPointFormat]
}

/// Where the words of an event lie: one bus transfer an event each way.
public struct WordLayout: Sendable, Equatable {
    /// Bytes from an event's first input word to the next event's: a power of two.
    public let inputStride: Int
    /// Bytes from an event's first output word to the next event's: a power of two.
    public let outputStride: Int
}

/// What a kernel promises of time.
public struct FirmwareTiming: Sendable, Equatable {
    /// Clocks from one event's entry to the next's.
    public let initiationInterval: Int
    /// Clocks from an event's entry to its answer.
    public let latencyClocks: Int
    /// The clock asked for; only the tools of the card's maker can confirm it.
    public let clockMegahertz: Double
}

/// What a kernel takes of a card.
public struct FirmwareResources: Sendable, Equatable {
    /// Look-up tables.
    public let lookupTables: Int
    /// Flip-flops.
    public let flipFlops: Int
    /// Multipliers.
    public let multipliers: Int
    /// Who says so.
    public let estimatedBy: String
}

/// Versions of the tools that made firmware.
public struct FirmwareTools: Sendable, Equatable {
    /// Version of da4ml.
    public let da4ml: String
    /// Version of HGQ2.
    public let hgq2: String
}
