import Testing
import TreeEngine

/// Which layout takes how many rows, from made-up costs.
struct LayoutPlanTests {
    static let dear = [Int](repeating: 9, count: LayoutPlan.rowCounts.count)

    @Test("The cheapest for one row and the cheapest for many share the rows where they cross")
    func crossing() {
        let plan = LayoutPlan(costs: [
            Self.dear, [4, 4, 4, 4, 4, 4, 4], [64, 32, 16, 8, 4, 2, 1],
        ])
        #expect(plan.few == 1 && plan.many == 2)
        #expect(plan.manyRows == 16)
        #expect(plan.text(["a", "b", "c"]) == "b, c from 16 rows")
    }

    @Test("One that is cheapest throughout is alone")
    func single() {
        let plan = LayoutPlan(costs: [Self.dear, Self.dear.map { $0 - 1 }])
        #expect(plan.few == 1 && plan.many == 1)
        #expect(plan.text(["a", "b"]) == "b")
    }

    @Test("A layout that won once by chance does not start before it always wins")
    func chance() {
        let plan = LayoutPlan(costs: [[4, 4, 4, 4, 4, 4, 4], [9, 3, 9, 9, 3, 3, 3]])
        #expect(plan.few == 0 && plan.many == 1)
        #expect(plan.manyRows == 16)
    }

    @Test("The first layout is taken where nothing was measured")
    func unknown() {
        let unknown = [Int](repeating: .max, count: LayoutPlan.rowCounts.count)
        let plan = LayoutPlan(costs: [unknown, unknown])
        #expect(plan.few == 0 && plan.many == 0)
    }
}
