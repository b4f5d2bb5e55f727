/// Shapley values of many features, estimated: features join in random orders.
///
/// What a feature adds when it joins, averaged over all orders, is its Shapley value (Castro, Gómez,
/// Tejada, Computers & Operations Research 36, 2009). Orders come in antithetic pairs, an order and
/// its reverse, as in shap's PermutationExplainer (Mitchell, Cooper, Frank, Holmes, JMLR 23, 2022,
/// arXiv:2104.12199); a pair is exact where features interact two by two at most. Each pair takes a
/// background row of its own, drawn without replacement: pairs are then independent draws of both
/// order and row, the best that a number of evaluations can buy (Štrumbelj and Kononenko, KAIS 41,
/// 2014), and their spread gives the standard error with the background's share in it. shap runs
/// every order over all rows: for the same cost, fewer orders by the number of rows.
public struct PermutationShapley: Equatable, Sendable {
    /// The fewest pairs: one has no spread.
    public static let minimumPairs = 2

    /// What absent features are taken from.
    public let background: Background
    /// Antithetic pairs of orders for an event.
    public let pairs: Int

    /// Refuses fewer pairs than `minimumPairs` and more than there are background rows.
    public init(background: Background, pairs: Int) throws(ExplanationError) {
        guard pairs >= Self.minimumPairs, pairs <= background.rows else {
            throw ExplanationError(
                "pairs",
                found: "\(pairs)",
                allowed: "\(Self.minimumPairs) to \(background.rows), the background rows"
            )
        }
        self.background = background
        self.pairs = pairs
    }

    /// K (2 d - 1) + 1, for K pairs and d features: the event's own score serves all pairs.
    public var evaluations: Int { pairs * (2 * background.features - 1) + 1 }

    /// The rows of one event, its orders and background rows drawn by seed and event alone.
    ///
    /// The first pairs stay the same when there are more. O(K d + B).
    public func plan(seed: UInt64, event: UInt64) -> PermutationPlan {
        PermutationPlan(method: self, seed: seed, event: event)
    }
}
