internal import Tensors

/// Explains margins of an ensemble by exact Shapley values (TreeSHAP), on any thread.
///
/// An event's attributions, one a feature, say by how much each moves the margin away from
/// `baseValues`, what the ensemble answers if nothing is known: together they are the margin, up to
/// the rounding of the margin's own Float sums. They follow the same paths as `TreeEnsemble`: a
/// missing value (NaN) takes a node's default direction, and is a value like any other.
///
/// There are two forms, which differ in what stands for an unknown feature:
/// - path-dependent (Lundberg, Erion and Lee, arXiv:1802.03888): the events trained on, through the
///   cover of each node. It is what XGBoost's `pred_contribs` answers.
/// - interventional (Lundberg et al., Nature Machine Intelligence 2, 2020): rows of a background.
///
/// Both cost the same, whatever the number of rows, except for leaves with more than 8 features on
/// their path. Double, for attributions may be large and cancel where the margin is small.
public struct TreeExplainer: Sendable {
    /// Columns of the input.
    public let featureCount: Int
    /// Margins of an event.
    public let groupCount: Int
    /// What is answered where no feature is known, by group; the start margin included.
    public let baseValues: [Double]
    /// What one event costs, in steps: a condition tested or a value added is one.
    ///
    /// It depends on the trees and, beyond tables, on the background, but not on the machine. A step
    /// takes about `nanosecondsPerStep` in calls of 64 events or more, ten times that for an event
    /// alone.
    public let stepsPerEvent: Int
    /// What a step takes, measured.
    public static let nanosecondsPerStep = 0.3
    private let tables: PathTables
    private let longPaths: LongPaths
    /// Events that pass through the tables together.
    let blockRows: Int

    /// Bytes of keys of one block: they stay in the second-level cache.
    private static let keyBytes = 128 << 10
    /// Events of a block; more would not spread the cost of fetching tables further.
    private static let rowLimit = 256

    /// Explains by the events trained on: the path-dependent form.
    ///
    /// Refuses an ensemble whose trees state no covers, or covers that cannot be counts of events.
    /// Takes about 2 µs a leaf.
    public init(_ ensemble: TreeEnsemble) throws(TreeExplainerError) {
        try self.init(ensemble, tableBytes: TreeLimits.explainerTableBytes)
    }

    /// Explains by a background: the interventional form.
    ///
    /// `background` is [rows, featureCount], row after row, with NaN for missing values; some
    /// hundred rows are usual. Takes about 2 ns a row and condition more than the other form.
    public init(
        _ ensemble: TreeEnsemble,
        background: [Float],
        rows: Int
    ) throws(TreeExplainerError) {
        try self.init(
            ensemble,
            background: background,
            rows: rows,
            tableBytes: TreeLimits.explainerTableBytes
        )
    }

    /// The path-dependent form with tables of `tableBytes` at most.
    package init(_ ensemble: TreeEnsemble, tableBytes: Int) throws(TreeExplainerError) {
        try self.init(ensemble, .covers, tableBytes)
    }

    /// The interventional form with tables of `tableBytes` at most.
    package init(
        _ ensemble: TreeEnsemble,
        background: [Float],
        rows: Int,
        tableBytes: Int
    ) throws(TreeExplainerError) {
        guard rows >= 1, rows <= TreeLimits.backgroundRows else {
            throw .background(
                found: "\(rows) rows",
                allowed: "1...\(TreeLimits.backgroundRows) rows"
            )
        }
        guard background.count == rows * ensemble.featureCount else {
            throw .background(
                found: "\(background.count) numbers in \(rows) rows",
                allowed: "\(rows * ensemble.featureCount), \(ensemble.featureCount) a row"
            )
        }
        let rows = BackgroundRows(background, featureCount: ensemble.featureCount)
        try self.init(ensemble, .rows(rows), tableBytes)
    }

    private init(
        _ ensemble: TreeEnsemble,
        _ background: PathBackground,
        _ tableBytes: Int
    ) throws(TreeExplainerError) {
        featureCount = ensemble.featureCount
        groupCount = ensemble.groupCount
        var isCovers = false
        if case .covers = background { isCovers = true }
        let paths = try ensemble.forest.leafPaths(usesCovers: isCovers)
        let width = PathTables.width(for: paths, bytes: tableBytes)
        tables = PathTables(
            paths.filter { !$0.conditions.isEmpty && $0.conditions.count <= width },
            background,
            groupCount: groupCount
        )
        longPaths = try LongPaths(
            paths.filter { $0.conditions.count > width },
            background,
            groupCount: groupCount
        )
        var values = ensemble.startMargins.map { Double($0) }
        for group in values.indices {
            values[group] += tables.expectations[group] + longPaths.expectations[group]
        }
        // A tree of one leaf asks nothing.
        for path in paths where path.conditions.isEmpty { values[path.group] += path.value }
        baseValues = values
        stepsPerEvent = tables.stepsPerEvent + longPaths.stepsPerEvent
        let rowBytes = FeatureKey.byteCount(rows: 1, featureCount: featureCount)
        blockRows = min(Self.rowLimit, max(1, Self.keyBytes / rowBytes))
    }

    /// Attributions of an event: one a group and feature.
    public var attributionCount: Int { groupCount * featureCount }

    /// Writes the attributions of `rows` events, [rows, groupCount, featureCount].
    ///
    /// `features` is [rows, featureCount], row after row; NaN is a missing value. Both spans must
    /// have exactly the sizes that `rows` asks for; others are a bug and trap. What an event gets
    /// does not depend on its neighbours, to the bit. Takes no lock and no memory but `scratch`,
    /// which must have been made for this explainer.
    public func attributions(
        _ features: Span<Float>,
        rows: Int,
        into attributions: inout MutableSpan<Double>,
        scratch: inout ExplainerScratch
    ) {
        precondition(rows >= 0 && features.count == rows * featureCount, "features and rows differ")
        precondition(attributions.count == rows * attributionCount, "attributions and rows differ")
        precondition(scratch.fits(self), "scratch of another explainer")
        for index in attributions.indices { attributions[index] = 0 }
        unsafe features.withUnsafeBufferPointer { features in
            unsafe attributions.withUnsafeMutableBufferPointer { attributions in
                guard let features = features.baseAddress,
                    let attributions = attributions.baseAddress
                else { return }
                for row in stride(from: 0, to: rows, by: blockRows) {
                    let keys = unsafe EventKeys(
                        scratch.keys.base,
                        rows: min(blockRows, rows &- row),
                        featureCount: featureCount
                    )
                    unsafe keys.write(features + row &* featureCount)
                    let output = unsafe attributions + row &* attributionCount
                    unsafe tables.add(keys, to: output, patterns: scratch.patternMemory)
                    unsafe longPaths.add(keys, to: output, memory: scratch.numberMemory)
                }
            }
        }
    }
}
