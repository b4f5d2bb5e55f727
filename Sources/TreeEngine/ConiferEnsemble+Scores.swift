internal import Tensors

/// Memory that a conifer ensemble works in; of one thread at a time.
package struct ConiferScratch: ~Copyable {
    /// Features of a micro-batch in which some row had to be changed.
    fileprivate let features: AlignedBuffer
    /// Float sums that are not the scores yet.
    fileprivate let sums: AlignedBuffer
    fileprivate var trees: TreeScratch
    fileprivate let maximumRows: Int

    /// Memory for up to `maximumRows` rows at a time.
    package init(for ensemble: ConiferEnsemble, maximumRows: Int) {
        self.maximumRows = maximumRows
        features = AlignedBuffer(byteCount: maximumRows * ensemble.featureCount * 4)
        sums = AlignedBuffer(byteCount: maximumRows * ensemble.ensemble.groupCount * 4)
        trees = TreeScratch(for: ensemble.ensemble)
    }
}

/// From features to scores.
extension ConiferEnsemble {
    /// Writes the scores of `rows` rows, row after row, `scoreCount` each.
    ///
    /// `features` is [rows, featureCount], all finite. Rows with a feature that the input's type
    /// does not hold are appended to `flagged`; they are evaluated with what the type makes of it.
    /// Not for an ensemble that `isWide`. Allocates nothing while `flagged` has room.
    package func scores(
        _ features: Span<Float>,
        rows: Int,
        into scores: inout MutableSpan<Float>,
        flagged: inout [Int],
        scratch: inout ConiferScratch
    ) {
        precondition(!isWide && scores.count == rows * scoreCount, "scores and rows differ")
        guard !sumsAreScores else {
            add(features, rows: rows, to: &scores, flagged: &flagged, scratch: &scratch)
            return
        }
        sum(features, rows: rows, flagged: &flagged, scratch: &scratch) { index, score in
            scores[index] = Float(score)
        }
    }

    /// The same in Double, for an ensemble that `isWide`.
    package func wideScores(
        _ features: Span<Float>,
        rows: Int,
        into scores: inout MutableSpan<Double>,
        flagged: inout [Int],
        scratch: inout ConiferScratch
    ) {
        precondition(isWide && scores.count == rows * scoreCount, "scores and rows differ")
        sum(features, rows: rows, flagged: &flagged, scratch: &scratch) { index, score in
            scores[index] = score
        }
    }

    /// Sums into the scratch memory and stores what becomes of the sums.
    private func sum(
        _ features: Span<Float>,
        rows: Int,
        flagged: inout [Int],
        scratch: inout ConiferScratch,
        _ store: (Int, Double) -> Void
    ) {
        precondition(rows <= scratch.maximumRows, "more rows than the scratch memory is for")
        let room = unsafe UnsafeMutableBufferPointer(
            start: scratch.sums.base.assumingMemoryBound(to: Float.self),
            count: rows * ensemble.groupCount
        )
        var sums = unsafe room.mutableSpan
        add(features, rows: rows, to: &sums, flagged: &flagged, scratch: &scratch)
        unsafe scores.finish(UnsafeBufferPointer(room).span, store)
    }

    /// Writes the float sums of all rows.
    private func add(
        _ features: Span<Float>,
        rows: Int,
        to sums: inout MutableSpan<Float>,
        flagged: inout [Int],
        scratch: inout ConiferScratch
    ) {
        let isHeld = unsafe features.withUnsafeBufferPointer { unsafe inputs.holdsAll($0) }
        guard !isHeld else {
            ensemble.margins(features, rows: rows, into: &sums, scratch: &scratch.trees)
            return
        }
        precondition(rows <= scratch.maximumRows, "more rows than the scratch memory is for")
        let room = unsafe UnsafeMutableBufferPointer(
            start: scratch.features.base.assumingMemoryBound(to: Float.self),
            count: rows * featureCount
        )
        for row in 0..<rows {
            var isFlagged = false
            for index in row * featureCount..<(row + 1) * featureCount {
                let feature = features[index]
                let isHeld = inputs.holds(feature)
                unsafe room[index] = isHeld ? feature : inputs.folded(feature)
                isFlagged = isFlagged || !isHeld
            }
            if isFlagged { flagged.append(row) }
        }
        let folded = UnsafeBufferPointer(room)
        unsafe ensemble.margins(folded.span, rows: rows, into: &sums, scratch: &scratch.trees)
    }
}
