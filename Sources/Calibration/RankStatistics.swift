/// How well a score ranks class 1 above class 0.
public enum RankStatistics {
    /// Area under the ROC curve: the chance that an event of class 1 scores above one of class 0, a
    /// tie counting half.
    ///
    /// Exact, in whole numbers up to the last division. O(n log n).
    ///
    /// Mann and Whitney 1947; Hanley and McNeil 1982. Refuses NaN, unequal lengths and a missing
    /// class.
    public static func auc(scores: [Double], labels: [Bool]) throws(CalibrationError) -> Double {
        guard scores.count == labels.count else {
            throw CalibrationError(
                "labels",
                found: "\(labels.count) of them",
                allowed: "one for each of \(scores.count) scores"
            )
        }
        if let index = scores.firstIndex(where: \.isNaN) {
            throw CalibrationError("scores[\(index)]", found: "nan", allowed: "numbers")
        }
        let ones = labels.count { $0 }
        let zeros = labels.count - ones
        guard ones > 0, zeros > 0 else {
            throw CalibrationError(
                "labels",
                found: "\(ones) of class 1 among \(labels.count)",
                allowed: "both classes"
            )
        }
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var twiceWins = 0
        var zerosBelow = 0
        var start = 0
        while start < order.count {
            var end = start
            var tiedOnes = 0
            while end < order.count, scores[order[end]] == scores[order[start]] {
                if labels[order[end]] { tiedOnes += 1 }
                end += 1
            }
            let tiedZeros = end - start - tiedOnes
            twiceWins += tiedOnes * (2 * zerosBelow + tiedZeros)
            zerosBelow += tiedZeros
            start = end
        }
        return Double(twiceWins) / (2 * Double(ones) * Double(zeros))
    }
}
