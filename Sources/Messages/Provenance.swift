public import Tensors

/// Where a score comes from: what is needed to quote it in a paper.
public final class Provenance: Sendable {
    /// Most devices that may answer for one engine.
    public static let maximumDevices = 4
    /// Model name.
    public let model: OwnedText
    /// Version of the model.
    public let version: OwnedText
    /// "sha256:" and 64 hexadecimal digits, of the artefact.
    public let digest: OwnedText
    /// Engine and its version, as "onnxruntime 1.32.0".
    public let engine: OwnedText
    /// Numerical precision.
    public let precision: OwnedText
    /// Device that ran, or those that did, separated by ", ".
    public let device: OwnedText
    /// Calibration id, or nil when none was used.
    public let calibration: OwnedText?
    /// Date of the calibration, ISO 8601.
    public let calibrationDate: OwnedText?
    /// Calibration events per bin, one entry an output.
    public let bins: [BinEvents]
    /// Whether a row's bits are the same whatever its micro-batch.
    public let isReproducible: Bool
    /// The same where several devices may answer: entry m is of an answer by those whose bits are set
    /// in m, the first the device asked for; empty where there is one.
    public let byDevices: [Provenance]

    /// Everything a reply quotes, `devices` those that may answer, where there are several.
    public init(
        model: String,
        version: String,
        digest: String,
        engine: String,
        precision: String,
        device: String,
        calibration: String?,
        calibrationDate: String?,
        bins: [BinEvents],
        isReproducible: Bool = true,
        devices: [String] = []
    ) {
        precondition(devices.count <= Self.maximumDevices)
        let sets = devices.count > 1 ? 1 << devices.count : 0
        byDevices = (0..<sets).map { set in
            let chosen = devices.indices.filter { set == 0 ? $0 == 0 : set >> $0 & 1 == 1 }
            return Provenance(
                model: model,
                version: version,
                digest: digest,
                engine: engine,
                precision: precision,
                device: chosen.map { devices[$0] }.joined(separator: ", "),
                calibration: calibration,
                calibrationDate: calibrationDate,
                bins: bins,
                isReproducible: isReproducible
            )
        }
        self.isReproducible = isReproducible
        self.model = OwnedText(model)
        self.version = OwnedText(version)
        self.digest = OwnedText(digest)
        self.engine = OwnedText(engine)
        self.precision = OwnedText(precision)
        self.device = OwnedText(device)
        self.calibration = calibration.map(OwnedText.init)
        self.calibrationDate = calibrationDate.map(OwnedText.init)
        self.bins = bins
    }
}

/// Calibration events of each bin of one output.
public struct BinEvents: Sendable, Equatable {
    /// Output (and class, for p-values) that the bins belong to.
    public let output: String
    /// Events per bin; the bins of the last axis are neighbours.
    public let events: [UInt64]
    /// Columns that the bins cut, at most two; none for one bin.
    public let axes: [BinAxis]
    /// Of weighted intervals: how many events of one weight say as much as those of each bin.
    public let effectiveEvents: [Double]

    /// Bins of `output`.
    public init(
        output: String,
        events: [UInt64],
        axes: [BinAxis],
        effectiveEvents: [Double] = []
    ) {
        self.output = output
        self.events = events
        self.axes = axes
        self.effectiveEvents = effectiveEvents
    }
}
