import TreeEngine

extension TreeEnsemble {
    /// Margins of all rows in an array.
    func margins(_ features: [Float]) -> [Float] {
        let rows = features.count / featureCount
        var margins = [Float](repeating: .nan, count: rows * groupCount)
        var scratch = TreeScratch(for: self)
        var span = margins.mutableSpan
        self.margins(features.span, rows: rows, into: &span, scratch: &scratch)
        return margins
    }

    /// Predictions of all rows in an array.
    func predictions(_ features: [Float]) -> [Float] {
        let rows = features.count / featureCount
        var values = margins(features)
        var span = values.mutableSpan
        transform(&span, rows: rows)
        return Array(values.prefix(rows * predictionCount))
    }
}

extension Array<Float> {
    /// The bits of every number, so that comparing means equal to the bit.
    var bits: [UInt32] { map(\.bitPattern) }
}
