import Execution
import TestSupport
import Testing

@Suite struct MicroBatchPlanTests {
    static func plan(_ steps: [(Int, Int)]) -> MicroBatchPlan {
        MicroBatchPlan(steps: steps.map { .init(rows: $0.0, nanoseconds: $0.1) })
    }

    @Test func `Micro-batches aim at the shape that costs least an event`() {
        #expect(Self.plan([(1, 100), (2, 120), (4, 400)]).bestRows == 2)
        #expect(Self.plan([(1, 100), (2, 150), (4, 200)]).bestRows == 4)
        #expect(Self.plan([(1, 100)]).bestRows == 1)
        #expect(Self.plan([(16, 100)]).bestRows == 16)
    }

    @Test(
        "A larger shape must gain 2 % an event",
        arguments: [(200, 1), (197, 1), (196, 2), (190, 2)]
    )
    func gain(nanoseconds: Int, bestRows: Int) {
        #expect(Self.plan([(1, 100), (2, nanoseconds)]).bestRows == bestRows)
    }

    @Test func `Few rows run at the shape that answers them soonest`() {
        // Padding three rows to four is cheaper than two runs.
        let padding = Self.plan([(1, 100), (2, 150), (4, 200)])
        #expect((1...4).map { padding.shape(for: $0) } == [1, 2, 4, 4])
        #expect((1...4).map { padding.nanoseconds(for: $0) } == [100, 150, 200, 200])
        // Here three rows are one run of two and one of one.
        let cutting = Self.plan([(1, 100), (2, 150), (4, 280)])
        #expect(cutting.bestRows == 4)
        #expect([1, 2].contains(cutting.shape(for: 3)))
        #expect(cutting.nanoseconds(for: 3) == 250)
    }

    @Test func `More rows than the best shape run at the best shape`() {
        let plan = Self.plan([(1, 100), (2, 150), (4, 200)])
        for rows in [4, 5, 100, 1_000_000] { #expect(plan.shape(for: rows) == 4) }
        #expect(plan.nanoseconds(for: 8) == 400)
        #expect(plan.nanoseconds(for: 9) == 500)
        #expect(plan.nanoseconds(for: 11) == 600)
        #expect(plan.nanoseconds(for: 0) == 0)
    }

    @Test func `A wait is worth it until lanes are busy half of the time`() {
        let plan = Self.plan([(1, 100), (2, 110), (4, 130), (8, 170)])
        let rows = { (rate: Double) in plan.rowsWorthWaiting(rate: rate, share: 0.5) }
        #expect(rows(0) == 1)
        #expect(rows(0.005) == 1)
        #expect(rows(0.0051) == 2)
        #expect(rows(0.5 / 55) == 2)
        #expect(rows(0.0092) == 4)
        #expect(rows(0.0154) == 8)
        #expect(rows(1) == 8)
    }

    @Test func `No wait is worth it for shapes that save less than a quarter`() {
        let flat = Self.plan([(1, 100), (2, 151), (4, 210)])
        #expect(flat.bestRows == 4)
        #expect(flat.rowsWorthWaiting(rate: 1, share: 0.5) == 1)
        let knee = Self.plan([(1, 100), (2, 149), (4, 250), (8, 260)])
        #expect(knee.rowsWorthWaiting(rate: 1, share: 0.5) == 2)
        #expect(Self.plan([(16, 100)]).rowsWorthWaiting(rate: 1, share: 0.5) == 16)
        // Never more rows than a micro-batch takes.
        let wide = Self.plan([(1, 100), (2, 110), (4, 400)])
        #expect(wide.rowsWorthWaiting(rate: 1, share: 0.5) == 2)
    }

    @Test func `Fewer events than the smallest shape has are run when lanes have time for it`() {
        let fixed = Self.plan([(16, 100)])
        #expect(fixed.rowsWorthWaiting(rate: 0, share: 0.5) == 1)
        #expect(fixed.rowsWorthWaiting(rate: 0.005, share: 0.5) == 1)
        #expect(fixed.rowsWorthWaiting(rate: 0.0501, share: 0.5) == 11)
        #expect(fixed.rowsWorthWaiting(rate: 1, share: 0.5) == 16)
        let large = Self.plan([(16, 100), (32, 120)])
        #expect(large.rowsWorthWaiting(rate: 0, share: 0.5) == 1)
        #expect(large.rowsWorthWaiting(rate: 0.5, share: 0.5) == 32)
    }

    @Test func `A shape's own time is what was measured`() {
        let plan = Self.plan([(1, 100), (2, 150), (4, 900)])
        #expect([1, 2, 4, 3].map { plan.nanoseconds(ofShape: $0) } == [100, 150, 900, 0])
    }

    @Test func `A shape larger than the rows is taken when there is no other`() {
        let plan = Self.plan([(8, 50)])
        #expect((1...8).map { plan.shape(for: $0) } == [8, 8, 8, 8, 8, 8, 8, 8])
        #expect(plan.nanoseconds(for: 17) == 150)
    }

    @Test("Plans are the best there are, by trying everything", arguments: 0..<100)
    func property(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let rows = Set((0..<random.int(1...5)).map { _ in random.int(1...12) }).sorted()
        let steps = rows.map { ($0, random.int(1...1000)) }
        let plan = Self.plan(steps)
        #expect(rows.contains(plan.bestRows))
        let usable = steps.filter { $0.0 <= plan.bestRows }
        // Nothing is 2 % better an event than the best shape.
        let best = Double(plan.nanoseconds(ofShape: plan.bestRows)) / Double(plan.bestRows)
        for step in steps { #expect(Double(step.1) / Double(step.0) * 1.02 >= best) }
        var least = [0]
        for waiting in 1...plan.bestRows {
            least.append(usable.map { $0.1 + least[max(0, waiting - $0.0)] }.min() ?? 0)
            #expect(plan.nanoseconds(for: waiting) == least[waiting])
            let shape = plan.shape(for: waiting)
            let cost = plan.nanoseconds(ofShape: shape) + least[max(0, waiting - shape)]
            #expect(cost == least[waiting])
        }
    }

    @Test("Every number of rows is cut into runs that end", arguments: 0..<50)
    func ends(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let rows = Set((0..<random.int(1...6)).map { _ in random.int(1...64) }).sorted()
        let plan = Self.plan(rows.map { ($0, random.int(1...1000)) })
        var left = random.int(1...500)
        var runs = 0
        while left > 0 {
            let shape = plan.shape(for: left)
            #expect(rows.contains(shape))
            left -= min(shape, left)
            runs += 1
        }
        #expect(runs <= 500)
    }

    @Test func `A plan of no shape is a bug`() async {
        await #expect(processExitsWith: .failure) { _ = MicroBatchPlan(steps: []) }
    }
}
