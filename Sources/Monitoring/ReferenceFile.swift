public import Calibration

/// How the watched values of one model version were distributed in samples of known origin; on
/// disk, JSON.
///
/// Scores depend on what produced them, so the file names all of it, as a calibration does; the
/// reader of the file compares, this type does not. Both kinds of reference share the bins, so that
/// one histogram of a stream can be held against either.
public struct ReferenceFile: Sendable, Equatable {
    /// The only layout there is.
    public static let currentFormat = 1
    /// Longest file that is read, in bytes: the most values and bins with room to spare.
    public static let maximumBytes = 1 << 20
    /// The most watched values.
    public static let maximumValues = 32
    /// The most bins of a value: each costs memory for every stream and lane.
    public static let maximumBins = 64
    /// The most events of a reference.
    public static let maximumEvents = 1_000_000_000

    /// Where the events of a reference came from.
    public enum Kind: String, Sendable, CaseIterable {
        case simulation
        case data
    }

    /// A watched value and its bins.
    public struct Value: Sendable, Equatable {
        /// Feature or output, by its name in the manifest.
        public let name: String
        /// Bins, in the value's unit.
        public let bins: MondrianBins

        /// A value.
        public init(name: String, bins: MondrianBins) {
            self.name = name
            self.bins = bins
        }
    }

    /// One sample.
    public struct Reference: Sendable, Equatable {
        /// Where it came from.
        public let kind: Kind
        /// When it was made, ISO 8601.
        public let date: String
        /// Digest of the events' file.
        public let dataDigest: String
        /// Events; those of a value that are not finite are in no bin.
        public let events: Int
        /// Events of each bin, one list a value.
        public let counts: [[Int]]

        /// A sample.
        public init(kind: Kind, date: String, dataDigest: String, events: Int, counts: [[Int]]) {
            self.kind = kind
            self.date = date
            self.dataDigest = dataDigest
            self.events = events
            self.counts = counts
        }
    }

    /// The model's name.
    public let model: String
    /// The model's version.
    public let version: String
    /// Digest of the artefact that ran, "sha256:" and 64 hexadecimal digits.
    public let artefactDigest: String
    /// The engine that ran it.
    public let engine: String
    /// The precision it ran at.
    public let precision: String
    /// The device class it ran on.
    public let deviceClass: String
    /// Watched values, one at least.
    public let values: [Value]
    /// One of each kind at most, one at least.
    public let references: [Reference]

    /// Refuses what `init(json:)` would refuse of the same content.
    public init(
        model: String,
        version: String,
        artefactDigest: String,
        engine: String,
        precision: String,
        deviceClass: String,
        values: [Value],
        references: [Reference]
    ) throws(CalibrationError) {
        self.model = model
        self.version = version
        self.artefactDigest = artefactDigest
        self.engine = engine
        self.precision = precision
        self.deviceClass = deviceClass
        self.values = values
        self.references = references
        try check()
    }

    /// The histogram of every value in a reference of this file.
    public func histograms(
        _ reference: Reference
    ) throws(CalibrationError) -> [ReferenceHistogram] {
        var histograms: [ReferenceHistogram] = []
        for (value, counts) in zip(values, reference.counts) {
            histograms.append(try ReferenceHistogram(bins: value.bins, counts: counts))
        }
        return histograms
    }

    private func check() throws(CalibrationError) {
        try NameRule.check(model, path: "model")
        try NameRule.check(version, path: "version")
        try NameRule.checkDigest(artefactDigest, path: "artefact_digest")
        try NameRule.check(engine, path: "engine")
        try NameRule.check(precision, path: "precision")
        try NameRule.check(deviceClass, path: "device_class")
        try Self.checkCount("values", values.count, Self.maximumValues)
        for (index, value) in values.enumerated() {
            let path = "values[\(index)]"
            try NameRule.check(value.name, path: "\(path).name")
            if values[..<index].contains(where: { $0.name == value.name }) {
                throw CalibrationError(
                    "\(path).name",
                    found: "\"\(value.name)\" again",
                    allowed: "each value once"
                )
            }
            guard value.bins.count <= Self.maximumBins else {
                throw CalibrationError(
                    "\(path).bin_edges",
                    found: "\(value.bins.count) bins",
                    allowed: "at most \(Self.maximumBins)"
                )
            }
        }
        try Self.checkCount("references", references.count, Kind.allCases.count)
        for (index, reference) in references.enumerated() {
            let path = "references[\(index)]"
            if references[..<index].contains(where: { $0.kind == reference.kind }) {
                throw CalibrationError(
                    "\(path).kind",
                    found: "\"\(reference.kind.rawValue)\" again",
                    allowed: "each kind once"
                )
            }
            try check(reference, path: path)
        }
    }

    private func check(_ reference: Reference, path: String) throws(CalibrationError) {
        try NameRule.checkDate(reference.date, path: "\(path).date")
        try NameRule.checkDigest(reference.dataDigest, path: "\(path).data_digest")
        guard reference.events >= 1, reference.events <= Self.maximumEvents else {
            throw CalibrationError(
                "\(path).events",
                found: "\(reference.events)",
                allowed: "1 to \(Self.maximumEvents)"
            )
        }
        guard reference.counts.count == values.count else {
            throw CalibrationError(
                "\(path).counts",
                found: "\(reference.counts.count) lists",
                allowed: "\(values.count), one a value"
            )
        }
        for (index, value) in values.enumerated() {
            let place = "\(path).counts[\(index)]"
            let counts = reference.counts[index]
            // Before they are added up: a sum of hostile numbers could overflow.
            guard counts.allSatisfy({ $0 <= Self.maximumEvents }) else {
                throw CalibrationError(
                    place,
                    found: "more than \(Self.maximumEvents) events in a bin",
                    allowed: "at most \(reference.events), as events says"
                )
            }
            let binned: Int
            do throws(CalibrationError) {
                binned = try ReferenceHistogram(bins: value.bins, counts: counts).events
            } catch {
                throw CalibrationError(
                    place + error.what.dropFirst("counts".count),
                    found: error.found,
                    allowed: error.allowed
                )
            }
            guard binned <= reference.events else {
                throw CalibrationError(
                    place,
                    found: "\(binned) events",
                    allowed: "at most \(reference.events), as events says"
                )
            }
        }
    }

    private static func checkCount(
        _ path: String,
        _ count: Int,
        _ limit: Int
    ) throws(CalibrationError) {
        guard count >= 1, count <= limit else {
            throw CalibrationError(path, found: "\(count)", allowed: "1 to \(limit)")
        }
    }
}
