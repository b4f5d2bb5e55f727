/// A tree ensemble in fixed point, as conifer's cpp backend evaluates it, to the bit.
///
/// It is evaluated as the float ensembles are. A feature is never converted: each threshold is
/// moved to the least Float whose word goes right, which decides alike. Leaves are summed as
/// `ConiferScores` says.
package struct ConiferEnsemble: Sendable {
    /// Columns of the input.
    package let featureCount: Int
    /// Scores a row: one, or as many as there are classes.
    package let scoreCount: Int
    /// Type of the features.
    package let inputType: ConiferPrecision
    /// Type of the scores.
    package let scoreType: ConiferPrecision
    let inputs: ConiferInputs
    let scores: ConiferScores
    /// The trees, with a group for each float sum.
    let ensemble: TreeEnsemble

    /// Whether scores need a Double to be exact.
    package var isWide: Bool { scores.isWide }
    /// Whether float sums are the scores: if not, they are put together from several or wrapped.
    package var sumsAreScores: Bool { scores.form == .numbers }
    /// How rows are evaluated.
    package var layoutText: String { ensemble.layoutText }

    /// Reads a model that conifer saved as JSON, and evaluates it by the fastest of `layouts`.
    ///
    /// Nothing in the bytes can trap: what is not understood is refused with its place.
    package init(
        json: [UInt8],
        layouts: [TreeLayout],
        clock: some Clock<Duration>
    ) throws(TreeModelError) {
        let model = try ConiferModel(json: json)
        let inputs = ConiferInputs(model.settings.input)
        let scores = try ConiferScores(model)
        let pieces = scores.pieceCount
        featureCount = model.featureCount
        scoreCount = model.groupCount
        inputType = model.settings.input
        scoreType = scores.type
        self.inputs = inputs
        self.scores = scores
        var forest = Forest(
            featureCount: model.featureCount,
            groupCount: model.groupCount * pieces
        )
        let format = TreeFileFormat.conifer(groups: model.groupCount)
        for (number, tree) in model.trees.enumerated() {
            for piece in 0..<pieces {
                let group = number % model.groupCount * pieces + piece
                let arrays = XGBoostTree(
                    tree,
                    threshold: { inputs.threshold($0, equalGoesLeft: model.equalGoesLeft) },
                    leaf: { scores.summand(scores.type.word($0), piece: piece) }
                )
                try forest.append(arrays, format, number: number, group: UInt32(group))
            }
        }
        let start = model.start.prefix(model.groupCount).flatMap { number in
            (0..<pieces).map { scores.summand(scores.type.word(number), piece: $0) }
        }
        // Of this objective predictions are margins, and neither is asked for more.
        ensemble = TreeEnsemble(
            forest,
            featureNames: [],
            objective: .squaredError,
            startMargins: start,
            layouts: layouts,
            clock: clock
        )
    }
}

extension XGBoostTree {
    /// A conifer tree with its numbers replaced.
    fileprivate init(
        _ tree: ConiferTree,
        threshold: (Double) -> Float,
        leaf: (Double) -> Float
    ) {
        self.init(
            leftChildren: tree.leftChildren,
            rightChildren: tree.rightChildren,
            splitIndices: tree.features,
            splitConditions: tree.features.indices.map {
                tree.isLeaf($0) ? leaf(tree.values[$0]) : threshold(tree.thresholds[$0])
            }
        )
    }
}
