/// Numerical precision that a model runs at.
public enum Precision: String, Sendable, CaseIterable {
    case float32
    case float16
    case bfloat16
    case int8
    case fixed
}

/// Where a model runs: "cpu", "cuda:0", "tensorrt:0".
public struct Device: Sendable, Equatable {
    /// Kind of device; calibrations belong to a class, not to one card.
    public enum Class: String, Sendable, CaseIterable {
        case cpu
        case cuda
        case tensorrt
    }

    /// The class, as quoted in calibrations.
    public let deviceClass: Class
    /// Which of several; nil for the CPU.
    public let index: Int?

    /// Highest index accepted.
    public static let maximumIndex = 63

    /// Reads "cpu" or "CLASS:INDEX"; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, let kind = Class(rawValue: String(first)) else { return nil }
        switch (kind, parts.count) {
        case (.cpu, 1):
            index = nil
        case (.cuda, 2), (.tensorrt, 2):
            guard let number = Int(parts[1]), (0...Self.maximumIndex).contains(number) else {
                return nil
            }
            index = number
        default:
            return nil
        }
        deviceClass = kind
    }

    /// As in manifests and replies.
    public var text: String {
        index.map { "\(deviceClass.rawValue):\($0)" } ?? deviceClass.rawValue
    }
}
