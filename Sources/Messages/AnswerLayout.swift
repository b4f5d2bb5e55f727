public import Tensors

/// What the answer to a score request holds and how it lies in memory.
///
/// An answer is one block: its sections follow each other, each aligned to 64 bytes.
/// Layouts are made when a model is loaded; a request that names raw outputs gets
/// one of its own. Shared by every request that wants the same; never changes.
public final class AnswerLayout: Sendable {
    /// Most sections of an answer: eight calibrated outputs of six, sixteen raw ones of two, and four
    /// regions of two.
    public static let maximumSections = 88

    /// A number for each section.
    public typealias SectionNumbers = InlineArray<88, Int>

    /// One tensor of the answer.
    public struct Section: Sendable {
        /// Type of the elements.
        public let type: ElementType
        /// Shape of one event.
        public let shape: [Int]
        /// Bytes of one event.
        public let strideBytes: Int

        /// A section of `shape` elements an event.
        public init(type: ElementType, shape: [Int]) {
            self.type = type
            self.shape = shape
            strideBytes = shape.reduce(1, *) * type.byteCount
        }
    }

    /// One named output; sections are indices into `sections`.
    public struct Output: Sendable {
        /// Name.
        public let name: OwnedText
        /// Unit.
        public let unit: OwnedText
        /// How the interval was made, or "raw".
        public let method: OwnedText
        /// Whether the reply quotes the coverage.
        public let hasCoverage: Bool
        /// Section of the value.
        public let value: Int
        /// Section of the lower end, or nil.
        public let lower: Int?
        /// Section of the upper end, or nil.
        public let upper: Int?
        /// Section of the flags (uint8), or nil.
        public let flags: Int?
        /// Section of the sets (uint8, one a class), or nil.
        public let set: Int?
        /// Names of the classes, in the order of value and set; empty where there are none.
        public let classes: [OwnedText]
        /// Sections of an ensemble's doubt, or nil.
        public let doubt: Doubt?

        /// Sections of what the members of an ensemble doubt.
        public struct Doubt: Sendable {
            /// Noise of the data.
            public let aleatoric: Int
            /// What training left open.
            public let epistemic: Int

            /// Two sections.
            public init(aleatoric: Int, epistemic: Int) {
                self.aleatoric = aleatoric
                self.epistemic = epistemic
            }
        }

        /// An output.
        public init(
            name: String,
            unit: String,
            method: String,
            hasCoverage: Bool,
            value: Int,
            lower: Int? = nil,
            upper: Int? = nil,
            flags: Int? = nil,
            set: Int? = nil,
            classes: [String] = [],
            doubt: Doubt? = nil
        ) {
            self.name = OwnedText(name)
            self.unit = OwnedText(unit)
            self.method = OwnedText(method)
            self.hasCoverage = hasCoverage
            self.value = value
            self.lower = lower
            self.upper = upper
            self.flags = flags
            self.set = set
            self.classes = classes.map { OwnedText($0) }
            self.doubt = doubt
        }
    }

    /// One conformal p-value.
    public struct PValue: Sendable {
        /// Hypothesis: a class name, or "normal".
        public let name: OwnedText
        /// Method, as "conformal".
        public let method: OwnedText
        /// Section of the value.
        public let value: Int

        /// A p-value.
        public init(name: String, method: String, value: Int) {
            self.name = OwnedText(name)
            self.method = OwnedText(method)
            self.value = value
        }
    }

    /// Two outputs together, and ellipses around their values.
    public struct Region: Sendable {
        /// The outputs along the first and the second axis.
        public let outputs: [OwnedText]
        /// Their unit.
        public let unit: OwnedText
        /// Method, as "ellipse".
        public let method: OwnedText
        /// Probabilities that an ellipse holds the truth.
        public let coverages: [Double]
        /// Section of the ellipses: semi-axes and angle of each coverage.
        public let ellipses: Int
        /// Section of the flags (uint8).
        public let flags: Int

        /// A region.
        public init(
            outputs: [String],
            unit: String,
            method: String,
            coverages: [Double],
            ellipses: Int,
            flags: Int
        ) {
            self.outputs = outputs.map { OwnedText($0) }
            self.unit = OwnedText(unit)
            self.method = OwnedText(method)
            self.coverages = coverages
            self.ellipses = ellipses
            self.flags = flags
        }
    }

    /// Named outputs.
    public let outputs: [Output]
    /// Regions; the flags of region i count as those of output `outputs.count + i`.
    public let regions: [Region]
    /// Conformal p-values.
    public let pValues: [PValue]
    /// Section of the log-likelihood ratio, or nil.
    public let logLikelihoodRatio: Int?
    /// Tensors, in the order of reply frames.
    public let sections: [Section]
    /// What the reply quotes.
    public let provenance: Provenance
    /// Bytes of one event in each section.
    public let strides: [Int]
    /// Bytes of one event over all sections.
    public let rowBytes: Int

    /// A layout of at most `maximumSections` sections.
    public init(
        outputs: [Output],
        regions: [Region] = [],
        pValues: [PValue],
        logLikelihoodRatio: Int?,
        sections: [Section],
        provenance: Provenance
    ) {
        precondition(sections.count <= Self.maximumSections)
        precondition(
            outputs.count + regions.count <= UInt32.bitWidth,
            "a bit for the flags of each"
        )
        self.outputs = outputs
        self.regions = regions
        self.pValues = pValues
        self.logLikelihoodRatio = logLikelihoodRatio
        self.sections = sections
        self.provenance = provenance
        strides = sections.map(\.strideBytes)
        rowBytes = sections.reduce(0) { $0 + $1.strideBytes }
    }

    /// Offset of a section in the block of an answer of `rows` events.
    ///
    /// O(sections).
    public func offset(of section: Int, rows: Int) -> Int {
        var offset = 0
        for index in 0..<section { offset += Self.padded(sections[index].strideBytes * rows) }
        return offset
    }

    /// Bytes of the block of an answer of `rows` events.
    public func byteCount(rows: Int) -> Int { offset(of: sections.count, rows: rows) }

    private static func padded(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
}
