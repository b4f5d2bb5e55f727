/// Which of several layouts takes how many rows.
///
/// One is best for single rows; another may be best for many, and takes whole groups of its rows
/// and what is left over if that is enough of them.
package struct LayoutPlan {
    /// Index of the layout for few rows.
    package let few: Int
    /// Index of the layout for many rows.
    package let many: Int
    /// Rows from which `many` costs less than `few`.
    package let manyRows: Int

    /// Numbers of rows that are measured, rising.
    package static let rowCounts = [1, 2, 4, 8, 16, 32, 64]

    /// The only layout, for all rows.
    static let single = Self(few: 0, many: 0, manyRows: 1)

    private init(few: Int, many: Int, manyRows: Int) {
        self.few = few
        self.many = many
        self.manyRows = manyRows
    }

    /// Chooses by cost: `costs[layout][i]` is that of `rowCounts[i]` rows, `.max` if unknown.
    ///
    /// The first of equals is taken, so the first layout is the one without any knowledge.
    package init(costs: [[Int]]) {
        func cheapest(_ place: Int) -> Int {
            costs.indices.min { costs[$0][place] < costs[$1][place] } ?? 0
        }
        let last = Self.rowCounts.count - 1
        let few = cheapest(0)
        let many = cheapest(last)
        let dear = (0...last).last { costs[many][$0] > costs[few][$0] }
        self.few = few
        self.many = many
        manyRows = few == many ? 1 : Self.rowCounts[dear.map { $0 + 1 } ?? 0]
    }

    /// The plan in words, given those for the layouts.
    package func text(_ names: [String]) -> String {
        few == many ? names[few] : "\(names[few]), \(names[many]) from \(manyRows) rows"
    }
}
