import TreeEngine

extension TreeExplainer {
    /// Attributions of all events in an array, `rows` at a time.
    func attributions(_ features: [Float], by rows: Int = .max) -> [Double] {
        let count = features.count / featureCount
        var attributions = [Double](repeating: .nan, count: count * attributionCount)
        var scratch = ExplainerScratch(for: self)
        for first in stride(from: 0, to: count, by: min(rows, count)) {
            let taken = min(rows, count - first)
            var part = [Double](repeating: .nan, count: taken * attributionCount)
            var span = part.mutableSpan
            self.attributions(
                features.span.extracting(first * featureCount..<(first + taken) * featureCount),
                rows: taken,
                into: &span,
                scratch: &scratch
            )
            let place = first * attributionCount
            attributions.replaceSubrange(place..<place + part.count, with: part)
        }
        return attributions
    }

    /// Base values and attributions added up, [event, group].
    func sums(_ attributions: [Double]) -> [Double] {
        stride(from: 0, to: attributions.count, by: featureCount).enumerated().map { place, first in
            attributions[first..<first + featureCount]
                .reduce(baseValues[place % groupCount], +)
        }
    }
}
