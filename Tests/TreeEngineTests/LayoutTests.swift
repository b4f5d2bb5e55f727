import Synchronization
import Testing
import TreeEngine

/// Whatever way a forest is evaluated, the bits are the same.
struct LayoutTests {
    @Test("The kernel for AVX-512 is tested, on a processor without it by emulation")
    func emulation() throws {
        #expect(TestLayouts.emulated != nil, "install libsimde-dev and build again")
    }

    @Test(
        "Every layout gives XGBoost's margins to the bit",
        arguments: TestLayouts.all,
        Reference.names
    )
    func reference(layout: TreeLayout, name: String) throws {
        let reference = try Reference(name)
        let ensemble = try TestLayouts.ensemble(reference.model, layout)
        // Emulation takes 100 times as long: all events for the reference model, else enough.
        let rows = layout.isEmulated && name != "er_nr_tree" ? 2_000 : reference.rows

        let margins = ensemble.margins(
            Array(reference.features.prefix(rows * ensemble.featureCount))
        )

        try #require(margins.count == rows * ensemble.groupCount)
        let wrong = margins.indices.filter {
            margins[$0].bitPattern != reference.margins[$0].bitPattern
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(margins.count) differ")
    }

    @Test(
        "Models of ordinary size fit every layout",
        arguments: TestLayouts.all,
        ["er_nr_tree", "binary", "softprob", "missing"]
    )
    func fit(layout: TreeLayout, name: String) throws {
        let ensemble = try TestLayouts.ensemble(try Reference(name).model, layout)
        #expect(ensemble.layoutText == layout.text)
    }

    static let shapes: [RandomForest.Shape] =
        (1...10).map { .init(features: 5, depth: $0) }
        + [1, 2, 3, 4, 6, 7, 8, 9, 12, 13, 16, 17, 40].map { .init(features: $0, depth: 6) }
        + [1, 2, 3, 4, 5, 8].map { .init(features: $0, depth: 6, missingLeft: true) }
        + [1, 9, 12, 14, 16].map { .init(features: $0, depth: 5, missingLeft: false) }
        + [2, 3, 7].map { .init(features: 4, depth: 6, trees: 20, classes: $0) }
        + [245, 250, 251, 255, 256, 300, 2_000].map {
            .init(features: 1, depth: 6, trees: 200, thresholds: $0, splitting: 100)
        }
        + [.init(features: 3, depth: 10, trees: 3, classes: 2, splitting: 90)]

    @Test(
        "Every layout follows random trees as the definition says",
        arguments: TestLayouts.all,
        shapes
    )
    func random(layout: TreeLayout, shape: RandomForest.Shape) throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let forest = RandomForest(shape, seed: seed)
            let ensemble = try TestLayouts.ensemble(forest.json, layout)
            let features = forest.features(rows: 300, seed: seed + 100)

            let margins = ensemble.margins(features)

            let expected = forest.margins(features, start: ensemble.startMargins)
            #expect(margins.bits == expected.bits)
        }
    }

    @Test(
        "A row has the same bits in every layout alone, in any block and at any place",
        arguments: TestLayouts.all,
        ["er_nr_tree", "softprob"]
    )
    func batchInvariance(layout: TreeLayout, name: String) throws {
        let reference = try Reference(name)
        let ensemble = try TestLayouts.ensemble(reference.model, layout)
        let width = ensemble.featureCount
        let groups = ensemble.groupCount
        for rows in [1, 2, 3, 7, 31, 32, 33, 63, 64, 65, 100, 128, 129, 300] {
            for first in [0, 1, 5, 40] {
                let features = reference.features[first * width..<(first + rows) * width]

                let margins = ensemble.margins(Array(features))

                let expected = reference.margins[first * groups..<(first + rows) * groups]
                #expect(margins.bits == Array(expected).bits, "\(rows) rows from \(first)")
            }
        }
    }

    @Test("Layouts are mixed by the number of rows without a trace", arguments: 1...200)
    func mixture(rows: Int) throws {
        let reference = try Reference("er_nr_tree")
        let ensemble = try TreeEnsemble(xgboostJSON: reference.model)
        let margins = ensemble.margins(Array(reference.features.prefix(rows * 5)))
        #expect(margins.bits == Array(reference.margins.prefix(rows)).bits)
    }

    @Test("A sum of −0 stays −0 in every layout", arguments: TestLayouts.all, [3, 6, 100])
    func negativeZero(layout: TreeLayout, depth: Int) throws {
        var tree = TreeText.chain(depth: depth)
        let zeros = repeatElement("-0.0", count: depth + 1).joined(separator: ", ")
        tree.conditions = "[\((0..<depth).map { "\($0)" }.joined(separator: ", ")), \(zeros)]"
        var model = ModelText(tree: tree)
        model.objective = #""reg:squarederror""#
        model.baseScore = #""-0.0""#
        let ensemble = try TestLayouts.ensemble(model.json, layout)
        let margins = ensemble.margins((0..<70).flatMap { [Float($0 % (depth + 1)), 0] })
        #expect(margins.bits == [Float](repeating: -0.0, count: 70).bits)
    }

    @Test("A forest whose masks would take too much memory is walked")
    func largeMasks() throws {
        let shape = RandomForest.Shape(
            features: 2,
            depth: 6,
            trees: 250,
            thresholds: 20_000,
            splitting: 100
        )
        let json = RandomForest(shape, seed: 1).json
        #expect(try TestLayouts.ensemble(json, .leafMasks).layoutText == "walk")
    }

    @Test("A forest too deep for lockstep and leaf masks is walked", arguments: TestLayouts.all)
    func deepForest(layout: TreeLayout) throws {
        let json = ModelText(tree: .chain(depth: 512)).json
        #expect(try TestLayouts.ensemble(json, layout).layoutText == "walk")
    }

    @Test("Once the time for measuring has passed, the layout without conditions is left")
    func slowClock() throws {
        let ensemble = try TreeEnsemble(
            xgboostJSON: ModelText().json,
            layouts: TreeLayout.native,
            clock: LeapingClock()
        )
        #expect(ensemble.layoutText == "walk")
    }
}

extension TreeLayout: CustomTestStringConvertible {
    /// As it is shown to an operator.
    public var testDescription: String { text }

    /// Whether the instructions are not the processor's own.
    fileprivate var isEmulated: Bool { text.contains("emulated") }
}

/// A clock that is a second later whenever it is read.
private final class LeapingClock: Clock {
    private let reading = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant {
        reading.withLock { instant in
            instant = instant.advanced(by: .seconds(1))
            return instant
        }
    }
    let minimumResolution = Duration.nanoseconds(1)

    /// Nothing waits on this clock.
    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
}
