/// Features of a conifer model: which of them their type holds, and what the others become.
struct ConiferInputs: Sendable {
    private let type: ConiferPrecision
    /// The least number whose word the type has.
    private let least: Float
    /// Above it there is no word; below it there is, from `least` on.
    private let end: Float

    init(_ type: ConiferPrecision) {
        self.type = type
        least = type.leastFloat(ofWord: type.words.lowerBound)
        end = type.leastFloat(ofWord: type.words.upperBound + 1)
    }

    /// The Float that a feature is below exactly if its word goes left at `threshold`.
    func threshold(_ threshold: Double, equalGoesLeft: Bool) -> Float {
        let word = type.word(threshold)
        guard equalGoesLeft else { return type.leastFloat(ofWord: word) }
        // The greatest word goes left too, and it may be that no Float but `end` stands for it.
        guard word < type.words.upperBound else { return .infinity }
        return type.leastFloat(ofWord: word + 1)
    }

    /// Whether the type holds a feature as it is, but for digits that it has no room for.
    @inline(__always)
    func holds(_ feature: Float) -> Bool { feature >= least && feature < end }

    /// Whether it holds all of them; in a loop that the compiler makes vector instructions of.
    func holdsAll(_ features: UnsafeBufferPointer<Float>) -> Bool {
        var outside: UInt32 = 0
        for index in features.indices {
            outside |= unsafe holds(features[index]) ? 0 : 1
        }
        return outside == 0
    }

    /// A Float that takes the ways of the word that a feature beyond the ends becomes.
    func folded(_ feature: Float) -> Float {
        guard type.overflow == .wrap else { return feature < least ? least : end }
        return Float(type.number(type.word(Double(feature))))
    }
}
