/// Numerical precision that a model runs at.
public enum Precision: String, Sendable, CaseIterable {
    case float32
    case float16
    case bfloat16
    case int16
    case int8
    case fixed
}

/// Where a model runs: "cpu", "cuda:0", "tensorrt:0", "xrt:0", "xrt-emulated:0", "firmware-software".
public struct Device: Sendable, Equatable {
    /// Kind of device.
    public enum Kind: String, Sendable, CaseIterable {
        case cpu
        case cuda
        case tensorrt
        /// A card with firmware, driven by XRT.
        case xrt
        /// The same with its kernel simulated behind XRT.
        case emulatedXRT = "xrt-emulated"
        /// Firmware as software on the CPU.
        case firmwareSoftware = "firmware-software"

        /// Whether there may be several.
        public var isNumbered: Bool { self != .cpu && self != .firmwareSoftware }
    }

    /// What calibrations belong to: firmware gives the same bits wherever it runs.
    public enum Class: String, Sendable, CaseIterable {
        case cpu
        case cuda
        case tensorrt
        case firmware
    }

    /// The kind.
    public let kind: Kind
    /// Which of several; nil where there is one.
    public let index: Int?

    /// Highest index accepted.
    public static let maximumIndex = 63

    /// Reads "KIND" or "KIND:INDEX"; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, let kind = Kind(rawValue: String(first)) else { return nil }
        self.kind = kind
        guard kind.isNumbered else {
            guard parts.count == 1 else { return nil }
            index = nil
            return
        }
        guard parts.count == 2, let number = Int(parts[1]),
            (0...Self.maximumIndex).contains(number)
        else { return nil }
        index = number
    }

    /// The device of firmware that runs as software.
    public static let firmwareSoftware = Device(kind: .firmwareSoftware, index: nil)
    /// The CPU.
    public static let cpu = Device(kind: .cpu, index: nil)

    private init(kind: Kind, index: Int?) {
        self.kind = kind
        self.index = index
    }

    /// The class, as quoted in calibrations.
    public var deviceClass: Class {
        switch kind {
        case .cpu: .cpu
        case .cuda: .cuda
        case .tensorrt: .tensorrt
        case .xrt, .emulatedXRT, .firmwareSoftware: .firmware
        }
    }

    /// Whether it is a card for graphics, whose libraries choose kernels by the shape.
    public var isGraphicsCard: Bool { kind == .cuda || kind == .tensorrt }

    /// Whether firmware runs on a card, real or emulated.
    public var isFirmwareCard: Bool { kind == .xrt || kind == .emulatedXRT }

    /// As in manifests and replies.
    public var text: String { index.map { "\(kind.rawValue):\($0)" } ?? kind.rawValue }
}
