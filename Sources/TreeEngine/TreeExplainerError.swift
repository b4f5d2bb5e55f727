/// Why an ensemble cannot be explained, or not by the background given.
public enum TreeExplainerError: Error, Equatable {
    /// The file states no covers (`sum_hessian`) for a tree, which only a background can replace.
    case noCovers(tree: Int)
    /// The cover of a node says nothing about how events divide there.
    case cover(tree: Int, found: Float, allowed: String)
    /// The background is not `rows` rows of as many features as the ensemble has.
    case background(found: String, allowed: String)
    /// A size is beyond one of the `TreeLimits`.
    case overLimit(what: String, found: Int, limit: Int)
}

extension TreeExplainerError: CustomStringConvertible {
    /// One line for a log or a refusal.
    public var description: String {
        switch self {
        case .noCovers(let tree):
            "tree explainer: trees[\(tree)] has no covers: found no sum_hessian, "
                + "allowed is one a node, or a background"
        case .cover(let tree, let found, let allowed):
            "tree explainer: a cover (sum_hessian) of trees[\(tree)] is malformed: "
                + "found \(found), allowed is \(allowed)"
        case .background(let found, let allowed):
            "tree explainer: the background is malformed: found \(found), allowed is \(allowed)"
        case .overLimit(let what, let found, let limit):
            "tree explainer: \(what) are too many: found \(found), allowed is at most \(limit)"
        }
    }
}
