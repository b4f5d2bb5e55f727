/// The rules that one node of a file must keep before it may become part of a `Forest`.
struct TreeCheck {
    let tree: XGBoostTree
    let format: TreeFileFormat
    let number: Int
    let node: Int

    /// Whether the node is a leaf; both children are −1, or neither.
    func isLeaf() throws(TreeModelError) -> Bool {
        let left = tree.leftChildren[node]
        let right = tree.rightChildren[node]
        guard (left == -1) == (right == -1) else {
            throw .malformed(
                path: path(format.rightChildren),
                found: "\(right) beside a left child \(left)",
                allowed: "two children or, with -1 twice, none"
            )
        }
        return left == -1
    }

    /// Marks a child as reached, or refuses one that does not exist or was reached before.
    func isNew(_ child: Int32, _ seen: inout [Bool]) throws(TreeModelError) {
        let isLeft = child == tree.leftChildren[node]
        let field = isLeft ? format.leftChildren : format.rightChildren
        guard child >= 0, child < seen.count else {
            throw .malformed(
                path: path(field),
                found: "\(child)",
                allowed: "0...\(seen.count - 1)"
            )
        }
        guard !seen[Int(child)] else {
            throw .malformed(
                path: path(field),
                found: "\(child), which another split leads to",
                allowed: "a node with one parent"
            )
        }
        seen[Int(child)] = true
    }

    /// The feature a split looks at.
    func feature(below count: Int) throws(TreeModelError) -> Int {
        let index = Int(tree.splitIndices[node])
        guard index >= 0, index < count else {
            throw .malformed(
                path: path(format.feature),
                found: "\(index)",
                allowed: "0...\(count - 1)"
            )
        }
        return index
    }

    /// The threshold of a split; infinite ones are XGBoost's too, and well defined.
    func threshold() throws(TreeModelError) -> Float {
        let value = tree.splitConditions[node]
        guard !value.isNaN else {
            throw .malformed(path: path(format.threshold), found: "NaN", allowed: "a number")
        }
        return value
    }

    /// What a leaf adds.
    func leafValue() throws(TreeModelError) -> Float {
        let value = tree.splitConditions[node]
        guard value.isFinite else {
            throw .malformed(
                path: path(format.leafValue),
                found: "\(value) at a leaf",
                allowed: "a finite number"
            )
        }
        return value
    }

    /// Whether a missing value goes left.
    func defaultLeft() throws(TreeModelError) -> Bool {
        let value = tree.defaultLeft[node]
        guard value == 0 || value == 1 else {
            throw .malformed(path: path("default_left"), found: "\(value)", allowed: "0 or 1")
        }
        return value == 1
    }

    private func path(_ field: String) -> String {
        "\(format.place(ofTree: number)).\(field)[\(node)]"
    }
}
