internal import Tensors

/// A gradient-boosted tree ensemble, loaded once and evaluated on any thread.
///
/// Margins equal XGBoost's to the bit: a missing value (NaN) takes a node's default direction, a
/// feature below the threshold goes left, and leaves are added as Float in the order of the trees
/// to the start margin. All trees of the file count, as in `Booster.predict`; cut a model that was
/// stopped early to its best iteration before saving it.
public struct TreeEnsemble: Sendable {
    /// Columns of the input.
    public let featureCount: Int
    /// The names of the columns; empty if the file has none.
    public let featureNames: [String]
    /// Margins a row: one, or as many as there are classes or targets.
    public let groupCount: Int
    /// What the model was trained for.
    public let objective: TreeObjective
    /// The margin that summing starts with, by group.
    public let startMargins: [Float]
    /// The number of trees, over all groups.
    public let treeCount: Int
    /// How rows are evaluated, as "leaf masks, lockstep (AVX2) from 16 rows".
    public let layoutText: String
    /// Features of which thresholds were merged; zero where `thresholdBits` were not given or enough.
    public let mergedFeatureCount: Int
    /// The trees themselves, for explainers.
    let forest: Forest
    private let few: ForestLayout
    private let many: ForestLayout
    /// Rows from which `many` is used.
    private let manyRows: Int

    /// Reads a model that XGBoost 1.x to 3.x saved as JSON.
    ///
    /// Nothing in the bytes can trap: what is not understood is refused with its place. A file of
    /// 2 MB takes about 50 ms, and measuring the layouts 20 ms at most.
    public init(xgboostJSON json: [UInt8]) throws(TreeModelError) {
        try self.init(xgboostJSON: json, layouts: TreeLayout.native, clock: ContinuousClock())
    }

    /// Reads a model and evaluates it by the fastest of `layouts` that it fits, else by walking.
    ///
    /// Measured with `clock`; a single layout is not measured. With `thresholdBits`, 1 to 16, a
    /// feature's thresholds become so few that its bins fit in so many bits.
    package init(
        xgboostJSON json: [UInt8],
        thresholdBits: Int? = nil,
        layouts: [TreeLayout],
        clock: some Clock<Duration>
    ) throws(TreeModelError) {
        let model = try XGBoostModel(json: json)
        let objective = model.objective
        var margins: [Float] = []
        for baseScore in model.baseScores {
            guard let margin = objective.startMargin(baseScore: baseScore) else {
                throw .malformed(
                    path: XGBoostBaseScore.path,
                    found: "\(baseScore)",
                    allowed: "\(objective.allowedBaseScores) for \(objective.rawValue)"
                )
            }
            margins.append(margin)
        }
        var forest = try Forest(model)
        var mergedFeatureCount = 0
        if let thresholdBits {
            let merger = ThresholdMerger(forest, bits: thresholdBits)
            forest.replaceThresholds(merger.threshold)
            mergedFeatureCount = merger.featureCount
        }
        self.init(
            forest,
            mergedFeatureCount: mergedFeatureCount,
            featureNames: model.featureNames,
            objective: objective,
            startMargins: margins,
            layouts: layouts,
            clock: clock
        )
    }

    /// An ensemble of a forest; see the initializer before.
    init(
        _ forest: Forest,
        mergedFeatureCount: Int = 0,
        featureNames: [String],
        objective: TreeObjective,
        startMargins: [Float],
        layouts: [TreeLayout],
        clock: some Clock<Duration>
    ) {
        self.forest = forest
        self.mergedFeatureCount = mergedFeatureCount
        featureCount = forest.featureCount
        self.featureNames = featureNames
        groupCount = forest.groupCount
        self.objective = objective
        self.startMargins = startMargins
        treeCount = forest.trees.count
        let bins = FeatureBins(forest)
        var fitting = layouts.compactMap { ForestLayout($0, forest, bins) }
        if fitting.isEmpty { fitting = [.walk(forest)] }
        var plan = LayoutPlan.single
        if fitting.count > 1 {
            let probe = LayoutProbe(
                layouts: fitting,
                featureCount: featureCount,
                groupCount: groupCount,
                clock: clock
            )
            plan = LayoutPlan(costs: probe.costs(bins))
        }
        few = fitting[plan.few]
        many = fitting[plan.many]
        manyRows = plan.manyRows
        layoutText = plan.text(fitting.map(\.layout.text))
    }

    /// Bytes that a `TreeScratch` needs.
    var scratchBytes: Int { max(few.scratchBytes, many.scratchBytes) }

    /// Writes the margins of `rows` rows, row after row, `groupCount` each.
    ///
    /// `features` is [rows, featureCount], row after row; NaN is a missing value. Both spans must
    /// have exactly the sizes that `rows` asks for; others are a bug and trap. What a row gets does
    /// not depend on its neighbours. Takes no lock and no memory but `scratch`, which must have
    /// been made for this ensemble.
    public func margins(
        _ features: Span<Float>,
        rows: Int,
        into margins: inout MutableSpan<Float>,
        scratch: inout TreeScratch
    ) {
        precondition(rows >= 0 && features.count == rows * featureCount, "features and rows differ")
        precondition(margins.count == rows * groupCount, "margins and rows differ")
        precondition(scratch.buffer.byteCount >= scratchBytes, "scratch of another ensemble")
        let start = startMargins.span
        for row in 0..<rows {
            for group in 0..<groupCount {
                margins[row &* groupCount &+ group] = start[group]
            }
        }
        unsafe features.withUnsafeBufferPointer { features in
            unsafe margins.withUnsafeMutableBufferPointer { margins in
                guard rows > 0, let features = features.baseAddress,
                    let margins = margins.baseAddress
                else { return }
                let rest = rows < manyRows ? rows : rows % many.groupRows
                let full = rest < manyRows ? rows &- rest : rows
                if full > 0 {
                    unsafe many.add(
                        features,
                        rows: full,
                        to: margins,
                        scratch: scratch.buffer.base
                    )
                }
                if full < rows {
                    unsafe few.add(
                        features + full &* featureCount,
                        rows: rows &- full,
                        to: margins + full &* groupCount,
                        scratch: scratch.buffer.base
                    )
                }
            }
        }
    }
}
