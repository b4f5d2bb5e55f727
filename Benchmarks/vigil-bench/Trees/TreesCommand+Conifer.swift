import TreeEngine

/// Models in fixed point.
extension TreesCommand {
    /// Times the scores of a conifer model, by layout and rows at a time.
    func measureConifer(_ json: [UInt8], _ features: [Float]) throws {
        for layouts in TreeLayout.native.map({ [$0] }) + [TreeLayout.native] {
            let ensemble = try ConiferEnsemble(
                json: json,
                layouts: layouts,
                clock: ContinuousClock()
            )
            guard !ensemble.isWide else { throw BenchFailure("scores of float64 are not timed") }
            let isChosen = layouts.count > 1
            guard isChosen || ensemble.layoutText == layouts[0].text else { continue }
            measure(ensemble, (isChosen ? "chosen: " : "") + ensemble.layoutText, features)
        }
    }

    private func measure(_ ensemble: ConiferEnsemble, _ name: String, _ features: [Float]) {
        let width = ensemble.featureCount
        for count in Self.rowCounts {
            var scratch = ConiferScratch(for: ensemble, maximumRows: count)
            var scores = [Float](repeating: 0, count: count * ensemble.scoreCount)
            var flagged: [Int] = []
            flagged.reserveCapacity(count)
            let calls = features.count / width / count
            let seconds = Self.medianSeconds {
                var output = scores.mutableSpan
                for call in 0..<calls {
                    let first = call * count * width
                    flagged.removeAll(keepingCapacity: true)
                    ensemble.scores(
                        features.span.extracting(first..<first + count * width),
                        rows: count,
                        into: &output,
                        flagged: &flagged,
                        scratch: &scratch
                    )
                }
            }
            report(name, rows: count, nanoseconds: seconds * 1e9 / Double(calls * count))
        }
    }
}
