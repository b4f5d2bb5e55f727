/// How words of leaves are summed by float additions, each of them exact, and what becomes of the
/// sums.
///
/// Floats add whole numbers up to 2^24 without rounding. Where a sum could be larger, words are cut
/// into pieces of few bits, summed apart: the low bits of a sum, which wrapping keeps, are those of
/// the pieces' sums put together.
struct ConiferScores: Sendable {
    /// What the float sums are.
    enum Form: Sendable, Equatable {
        /// The scores themselves: no sum can leave the type's range, and norm is 1.
        case numbers
        /// Words, still to be wrapped.
        case words
        /// Pieces of so many bits, the lowest first.
        case pieces(bits: Int)
    }

    let type: ConiferPrecision
    let form: Form
    /// The word that sums are multiplied with; nil where it is 1.
    private let norm: Int?

    /// Up to here floats are whole numbers without a gap.
    private static let exact = 1 << (Float.significandBitCount + 1)

    /// Chooses the form for a model.
    init(_ model: ConiferModel) throws(TreeModelError) {
        let type = model.settings.score
        self.type = type
        let norm = type.word(model.norm)
        self.norm = type.number(norm) == 1 ? nil : norm
        let range = Self.range(model)
        if range.lowerBound >= type.words.lowerBound, range.upperBound <= type.words.upperBound {
            let isExact = range.lowerBound >= -Self.exact && range.upperBound <= Self.exact
            guard !isExact else {
                form = self.norm == nil && !Self.isWide(type) ? .numbers : .words
                return
            }
        } else {
            guard type.overflow == .wrap else {
                throw .unsupported(
                    path: "config.score_precision",
                    found: "AP_SAT where sums may reach \(type.number(range.upperBound)) or"
                        + " \(type.number(range.lowerBound))",
                    allowed: "AP_WRAP, or a type that holds every sum on its way"
                )
            }
            guard range.lowerBound < -Self.exact || range.upperBound > Self.exact else {
                form = .words
                return
            }
        }
        // Bits that a sum of one piece of every tree, and of the start, adds.
        let summands = model.trees.count / model.groupCount + 1
        let carries = Int.bitWidth - (summands - 1).leadingZeroBitCount
        form = .pieces(bits: min(Float.significandBitCount + 1 - carries, type.width))
    }

    /// Between which words every sum lies on its way, by the leaves of all trees.
    private static func range(_ model: ConiferModel) -> ClosedRange<Int> {
        let type = model.settings.score
        var range = 0...0
        for group in 0..<model.groupCount {
            var least = type.word(model.start[group])
            var greatest = least
            range = min(range.lowerBound, least)...max(range.upperBound, greatest)
            for index in stride(from: group, to: model.trees.count, by: model.groupCount) {
                let tree = model.trees[index]
                let words = tree.values.indices.filter(tree.isLeaf).map {
                    type.word(tree.values[$0])
                }
                least += words.min() ?? 0
                greatest += words.max() ?? 0
                range = min(range.lowerBound, least)...max(range.upperBound, greatest)
            }
        }
        return range
    }

    /// Whether there are words that no Float equals.
    private static func isWide(_ type: ConiferPrecision) -> Bool {
        type.width - (type.isSigned ? 1 : 0) > Float.significandBitCount + 1
    }

    /// Whether scores need a Double.
    var isWide: Bool { Self.isWide(type) }

    /// Float sums a score.
    var pieceCount: Int {
        guard case .pieces(let bits) = form else { return 1 }
        return (type.width + bits - 1) / bits
    }

    /// What `word` adds to sum number `piece`.
    func summand(_ word: Int, piece: Int) -> Float {
        switch form {
        case .numbers: Float(type.number(word))
        case .words: Float(word)
        case .pieces(let bits):
            Float((word & ((1 << type.width) - 1)) >> (piece * bits) & ((1 << bits) - 1))
        }
    }

    /// Calls `store(index, score)` for each score that `sums`, `pieceCount` a score, make.
    @inline(__always)
    func finish(_ sums: Span<Float>, _ store: (Int, Double) -> Void) {
        let count = pieceCount
        var bits = 0
        if case .pieces(let found) = form { bits = found }
        let unit = type.number(1)
        for index in 0..<sums.count / count {
            var word = 0
            for piece in 0..<count {
                word &+= Int(sums[index &* count &+ piece]) << (piece &* bits)
            }
            word = type.wrapped(word)
            if let norm {
                word = type.word(Int128(word) * Int128(norm), places: 2 * type.fraction)
            }
            store(index, Double(word) * unit)
        }
    }
}
