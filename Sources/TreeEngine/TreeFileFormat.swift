/// How a kind of tree file names what a tree is made of, for refusals that name the place.
enum TreeFileFormat {
    case xgboost
    /// Trees are listed by round, then by group.
    case conifer(groups: Int)

    /// Where the trees are.
    var trees: String {
        switch self {
        case .xgboost: "learner.gradient_booster.model.trees"
        case .conifer: "trees"
        }
    }

    /// Where a tree is, by its number among all.
    func place(ofTree number: Int) -> String {
        switch self {
        case .xgboost: "\(trees)[\(number)]"
        case .conifer(let groups): "\(trees)[\(number / groups)][\(number % groups)]"
        }
    }

    var leftChildren: String {
        switch self {
        case .xgboost: "left_children"
        case .conifer: "children_left"
        }
    }

    var rightChildren: String {
        switch self {
        case .xgboost: "right_children"
        case .conifer: "children_right"
        }
    }

    var feature: String {
        switch self {
        case .xgboost: "split_indices"
        case .conifer: "feature"
        }
    }

    var threshold: String {
        switch self {
        case .xgboost: "split_conditions"
        case .conifer: "threshold"
        }
    }

    var leafValue: String {
        switch self {
        case .xgboost: "split_conditions"
        case .conifer: "value"
        }
    }
}
