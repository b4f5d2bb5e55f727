/// A forest laid out for one way of evaluating it.
enum ForestLayout: Sendable {
    case walk(Forest)
    case leafMasks(LeafMasks)
    case lockstep(Lockstep)

    /// Nil where the forest does not fit the layout.
    init?(_ layout: TreeLayout, _ forest: Forest, _ bins: FeatureBins) {
        switch layout {
        case .walk:
            self = .walk(forest)
        case .leafMasks:
            guard let masks = LeafMasks(forest, bins) else { return nil }
            self = .leafMasks(masks)
        case .lockstep(let kernel):
            guard let lockstep = Lockstep(forest, bins, kernel: kernel) else { return nil }
            self = .lockstep(lockstep)
        }
    }

    /// Which layout it is.
    var layout: TreeLayout {
        switch self {
        case .walk: .walk
        case .leafMasks: .leafMasks
        case .lockstep(let lockstep): .lockstep(lockstep.kernel)
        }
    }

    /// Rows that cost as much as one of them.
    var groupRows: Int {
        switch self {
        case .walk, .leafMasks: 1
        case .lockstep(let lockstep): lockstep.kernel.rows
        }
    }

    /// Bytes of scratch memory that `add` needs.
    var scratchBytes: Int {
        switch self {
        case .walk(let forest): forest.scratchBytes
        case .leafMasks(let masks): masks.scratchBytes
        case .lockstep(let lockstep): lockstep.scratchBytes
        }
    }

    /// Adds every tree's leaf to `margins`, which hold the start margins, tree after tree.
    ///
    /// `features` is [rows, featureCount] and `margins` [rows, groupCount], both row after row. A
    /// row's sum is the same float additions in the same order whatever rows are beside it.
    /// `scratch` has `scratchBytes`, aligned to 64.
    func add(
        _ features: UnsafePointer<Float>,
        rows: Int,
        to margins: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        switch self {
        case .walk(let forest):
            unsafe forest.add(features, rows: rows, to: margins, scratch: scratch)
        case .leafMasks(let masks):
            unsafe masks.add(features, rows: rows, to: margins, scratch: scratch)
        case .lockstep(let lockstep):
            unsafe lockstep.add(features, rows: rows, to: margins, scratch: scratch)
        }
    }
}
