public import Execution

/// What the devices of one version have done so far.
public struct ModelDevices: Sendable {
    /// Model.
    public let model: String
    /// Version of the model.
    public let version: String
    /// Devices that may answer, the one asked for first, and what each has done.
    public let devices: [(device: String, counts: DeviceCounts)]
}
