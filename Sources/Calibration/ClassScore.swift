/// How the probabilities of all classes become a conformity score of one; larger is stranger.
///
/// p are the probabilities, U a uniform number of the event's own, r the rank of the class counted
/// from 1, likelier classes first; of equally likely ones the first comes first.
public enum ClassScore: Equatable, Sendable {
    /// 1 - p of the class. Sadinle, Lei, Wasserman, JASA 114 (2019) 223.
    case leastAmbiguous
    /// The mass of the classes before it and the share U of its own. Romano, Sesia, Candès,
    /// NeurIPS 2020 (arXiv:2006.02544).
    case adaptive
    /// The same and `weight` for each rank past `free`, so that sets stay small where the tail of
    /// the probabilities is noise. Angelopoulos, Bates, Jordan, Malik, ICLR 2021
    /// (arXiv:2009.14193).
    case regularised(weight: Double, free: Int)

    /// The method's name in manifests, replies and calibration files.
    public var method: String {
        switch self {
        case .leastAmbiguous: "lac"
        case .adaptive: "aps"
        case .regularised: "raps"
        }
    }

    /// Whether scores depend on the event's uniform number.
    public var isRandomised: Bool { self != .leastAmbiguous }

    /// The score of a method; `penalty` and `freeRanks` are those of "raps".
    public init?(method: String, penalty: Double, freeRanks: Int) {
        switch method {
        case "lac": self = .leastAmbiguous
        case "aps": self = .adaptive
        case "raps": self = .regularised(weight: penalty, free: freeRanks)
        default: return nil
        }
    }

    /// Writes the score of every class of `probabilities` to `scores`, which is as long.
    ///
    /// `order` is room for as many numbers. `uniform` is in [0, 1); what is least ambiguous does not
    /// use it. A NaN among the probabilities makes every score NaN. O(classes²) at worst, allocates
    /// nothing.
    public func write(
        _ probabilities: Span<Float>,
        uniform: Double,
        order: inout MutableSpan<Int32>,
        to scores: inout MutableSpan<Double>
    ) {
        precondition(scores.count == probabilities.count && order.count == probabilities.count)
        var hasNaN = false
        for index in probabilities.indices {
            hasNaN = hasNaN || probabilities[index].isNaN
            scores[index] = 1 - Double(probabilities[index])
        }
        if hasNaN {
            for index in probabilities.indices { scores[index] = .nan }
            return
        }
        if self == .leastAmbiguous { return }
        Self.sort(probabilities, &order)
        var before = 0.0
        for place in 0..<order.count {
            let index = Int(order[place])
            let own = Double(probabilities[index])
            scores[index] = before + uniform * own + penalty(rank: place + 1)
            before += own
        }
    }

    private func penalty(rank: Int) -> Double {
        guard case .regularised(let weight, let free) = self else { return 0 }
        return weight * Double(max(0, rank - free))
    }

    /// The classes, likeliest first; by insertion, for they are few.
    private static func sort(_ probabilities: Span<Float>, _ order: inout MutableSpan<Int32>) {
        for index in 0..<order.count {
            var place = index
            while place > 0,
                probabilities[Int(order[place - 1])] < probabilities[index]
            {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = Int32(truncatingIfNeeded: index)
        }
    }
}
