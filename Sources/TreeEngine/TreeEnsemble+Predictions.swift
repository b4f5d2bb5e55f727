internal import Glibc

/// From margins to predictions.
extension TreeEnsemble {
    /// Predictions a row: one for multi:softmax, which answers with the class, else `groupCount`.
    public var predictionCount: Int {
        objective == .multiSoftmax ? 1 : groupCount
    }

    /// Turns the margins of `rows` rows into predictions, in place.
    ///
    /// They are XGBoost's in arithmetic and order (Float exponentials, the sum of a softmax in
    /// Double): equal to the bit where both use the same libm, else to its rounding. Where
    /// `predictionCount` is below `groupCount`, the first `rows` elements hold the answers and the
    /// rest mean nothing.
    public func transform(_ margins: inout MutableSpan<Float>, rows: Int) {
        precondition(rows >= 0 && margins.count == rows * groupCount, "margins and rows differ")
        switch objective.link {
        case .identity: break
        case .logistic:
            for index in margins.indices { margins[index] = Self.logistic(margins[index]) }
        case .exponential:
            for index in margins.indices { margins[index] = expf(margins[index]) }
        case .wideExponential:
            for index in margins.indices { margins[index] = Float(exp(Double(margins[index]))) }
        case .step:
            for index in margins.indices { margins[index] = margins[index] > 0 ? 1 : 0 }
        case .softmax:
            for row in 0..<rows {
                Self.softmax(&margins, at: row * groupCount, count: groupCount)
            }
        case .largestGroup:
            for row in 0..<rows {
                margins[row] = Self.largest(margins, at: row * groupCount, count: groupCount)
            }
        }
    }

    /// XGBoost's sigmoid; the bound keeps the exponential finite.
    private static func logistic(_ margin: Float) -> Float {
        1 / (expf(min(-margin, 88.7)) + 1)
    }

    private static func softmax(_ margins: inout MutableSpan<Float>, at first: Int, count: Int) {
        var greatest = margins[first]
        for index in first..<first + count { greatest = max(greatest, margins[index]) }
        var sum = 0.0
        for index in first..<first + count {
            let share = expf(margins[index] - greatest)
            margins[index] = share
            sum += Double(share)
        }
        for index in first..<first + count { margins[index] /= Float(sum) }
    }

    private static func largest(
        _ margins: borrowing MutableSpan<Float>,
        at first: Int,
        count: Int
    ) -> Float {
        var best = 0
        for group in 1..<max(count, 1) where margins[first + group] > margins[first + best] {
            best = group
        }
        return Float(best)
    }
}
