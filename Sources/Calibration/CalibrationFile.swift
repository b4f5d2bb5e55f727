/// The calibration of one model version at one engine, precision and device class; on disk, JSON.
///
/// A calibration speaks only for what produced its scores, so the file names all of it; the reader
/// of the file compares, this type does not.
public struct CalibrationFile: Sendable, Equatable {
    /// The only layout there is.
    public static let currentFormat = 2
    /// Longest file that is read, in bytes: a million events with room to spare.
    public static let maximumBytes = 32 << 20
    /// The most calibrated outputs.
    public static let maximumOutputs = 256
    /// The most calibration events.
    public static let maximumEvents = 1_000_000_000

    /// The file's layout.
    public var format = Self.currentFormat
    /// The model's name.
    public var model: String
    /// The model's version.
    public var version: String
    /// Digest of the artefact that ran, "sha256:" and 64 hexadecimal digits.
    public var artefactDigest: String
    /// The engine that ran it.
    public var engine: String
    /// The engine library's version.
    public var engineVersion: String
    /// The precision it ran at.
    public var precision: String
    /// The device class it ran on.
    public var deviceClass: String
    /// When the calibration was made, ISO 8601.
    public var date: String
    /// Digest of the calibration events, as `artefactDigest`.
    public var dataDigest: String
    /// Calibration events in all.
    public var events: Int
    /// Id of the calibration that this one was adapted from, or nil.
    public var parent: String?
    /// Truths that it learned since the calibration that nothing was adapted to.
    public var truths = 0
    /// One entry a calibrated output.
    public var outputs: [OutputCalibration]
    /// One entry for two outputs that are calibrated together.
    public var regions: [RegionCalibration]

    /// Refuses what `init(json:)` would refuse of the same content.
    public init(
        model: String,
        version: String,
        artefactDigest: String,
        engine: String,
        engineVersion: String,
        precision: String,
        deviceClass: String,
        date: String,
        dataDigest: String,
        events: Int,
        outputs: [OutputCalibration],
        regions: [RegionCalibration] = []
    ) throws(CalibrationError) {
        self.model = model
        self.version = version
        self.artefactDigest = artefactDigest
        self.engine = engine
        self.engineVersion = engineVersion
        self.precision = precision
        self.deviceClass = deviceClass
        self.date = date
        self.dataDigest = dataDigest
        self.events = events
        self.outputs = outputs
        self.regions = regions
        try check()
    }

    /// Refuses what the initialisers refuse; for one whose properties were set afterwards.
    public func check() throws(CalibrationError) {
        guard format == Self.currentFormat else {
            throw CalibrationError("format", found: "\(format)", allowed: "\(Self.currentFormat)")
        }
        try NameRule.check(model, path: "model")
        try NameRule.check(version, path: "version")
        try NameRule.checkDigest(artefactDigest, path: "artefact_digest")
        try NameRule.check(engine, path: "engine")
        try NameRule.check(engineVersion, path: "engine_version")
        try NameRule.check(precision, path: "precision")
        try NameRule.check(deviceClass, path: "device_class")
        try NameRule.checkDate(date, path: "date")
        try NameRule.checkDigest(dataDigest, path: "data_digest")
        if let parent { try NameRule.check(parent, path: "parent") }
        guard truths >= 0 else {
            throw CalibrationError("truths", found: "\(truths)", allowed: "0 and more")
        }
        guard events >= 1, events <= Self.maximumEvents else {
            throw CalibrationError(
                "events",
                found: "\(events)",
                allowed: "1 to \(Self.maximumEvents)"
            )
        }
        guard outputs.count >= 1, outputs.count <= Self.maximumOutputs else {
            throw CalibrationError(
                "outputs",
                found: "\(outputs.count) outputs",
                allowed: "1 to \(Self.maximumOutputs)"
            )
        }
        var seen: Set<String> = []
        for (index, output) in outputs.enumerated() {
            try output.check(path: "outputs[\(index)]", events: events)
            guard seen.insert(output.output).inserted else {
                throw CalibrationError(
                    "outputs[\(index)].output",
                    found: "\"\(output.output)\" again",
                    allowed: "each output once"
                )
            }
        }
        guard regions.count <= RegionCalibration.maximumRegions else {
            throw CalibrationError(
                "regions",
                found: "\(regions.count) regions",
                allowed: "at most \(RegionCalibration.maximumRegions)"
            )
        }
        for (index, region) in regions.enumerated() {
            try region.check(path: "regions[\(index)]", events: events)
            guard !regions[..<index].contains(where: { $0.outputs == region.outputs }) else {
                throw CalibrationError(
                    "regions[\(index)].outputs",
                    found: "\(region.outputs.joined(separator: ", ")) again",
                    allowed: "each two outputs once"
                )
            }
        }
    }
}
