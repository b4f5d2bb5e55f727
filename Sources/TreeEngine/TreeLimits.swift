/// What a tree model file may ask for at most.
///
/// Each is far above any model in use and low enough that a hostile file cannot exhaust the host:
/// the largest admitted file needs about 1 GB while it is read and 270 MB afterwards.
public enum TreeLimits {
    /// Bytes of JSON; a depth-6 tree takes 6 kB.
    public static let fileBytes = 256 << 20
    /// Trees in one ensemble.
    public static let trees = 65_536
    /// Nodes in all trees together; 16 bytes each once loaded.
    public static let nodes = 1 << 24
    /// Nodes in one tree, as a child is stored in 16 bits; a full tree of depth 15 fits.
    public static let nodesOfTree = 1 << 16
    /// Splits between a root and its deepest leaf; bounds the time one event can take.
    public static let depth = 512
    /// Columns of the input: where a feature's key lies is stored in 16 bits.
    public static let features = 4_096
    /// Classes or targets.
    public static let groups = 4_096
    /// UTF-8 bytes of one string that is read; longer ones may be present where they are skipped.
    public static let textBytes = 1 << 20
    /// Objects and arrays open at once.
    static let nesting = 64

    /// Different features on the way to one leaf, in an ensemble that is to be explained.
    public static let pathFeatures = 64
    /// Conditions on the ways to all leaves together, one a feature and leaf; about 100 bytes each
    /// while an explainer is prepared and 32 at most afterwards, beside the tables.
    public static let pathConditions = 1 << 22
    /// Bytes of the tables of an explainer; paths that would exceed them are evaluated without.
    public static let explainerTableBytes = 64 << 20
    /// Rows of a background.
    public static let backgroundRows = 1 << 14
    /// Different ways in which background rows meet the conditions of paths without a table.
    public static let backgroundPatterns = 1 << 22
}
