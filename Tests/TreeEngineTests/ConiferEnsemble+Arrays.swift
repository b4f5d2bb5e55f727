import TreeEngine

extension ConiferEnsemble {
    /// Scores of all rows and the numbers of those flagged, `count` rows at a time.
    func scores(_ features: [Float], count: Int) -> (scores: [Double], flagged: [Int]) {
        let rows = features.count / featureCount
        var scratch = ConiferScratch(for: self, maximumRows: count)
        var scores: [Double] = []
        var flagged: [Int] = []
        for first in stride(from: 0, to: rows, by: count) {
            let part = min(count, rows - first)
            let input = features.span.extracting(
                first * featureCount..<(first + part) * featureCount
            )
            var found: [Int] = []
            if isWide {
                var output = [Double](repeating: .nan, count: part * scoreCount)
                var span = output.mutableSpan
                wideScores(input, rows: part, into: &span, flagged: &found, scratch: &scratch)
                scores += output
            } else {
                var output = [Float](repeating: .nan, count: part * scoreCount)
                var span = output.mutableSpan
                self.scores(input, rows: part, into: &span, flagged: &found, scratch: &scratch)
                scores += output.map(Double.init)
            }
            flagged += found.map { $0 + first }
        }
        return (scores, flagged)
    }
}
