import Lanes
import TreeEngine

/// Exact TreeSHAP of boosted trees, over XGBoost's own pred_contribs on one thread.
struct TreeAttributions {
    /// XGBoost takes a third of a second for so many.
    private static let rows = 256
    private static let backgroundRows = 100
    private static let turnNanoseconds = 1e9
    private static let ratio = 3.0

    let setting: Setting

    /// Both forms, in this process.
    func measure() throws(BenchFailure) -> [Figure] {
        let input = try ModelInput.zoo("er-nr-tree", setting)
        let model = "\(setting.zoo)/er-nr-tree/1/model.json"
        let peer = try LinePeer(
            setting,
            "xgboost_inplace.py",
            [model, "--data", setting.data, "--seconds", "1", "--contributions"]
        )
        let name = try peer.turn(TreeRequests.Turn.self, rows: Self.rows).peer
        let (covers, background) = try explainers(model, input)
        let events = input.floats(rows: Self.rows)
        let seconds = setting.scale
        let turns = try Interleaving(
            repetitions: setting.repetitions,
            [
                ("covers", { () in [Self.rate(covers, events, seconds: seconds)] }),
                ("background", { () in [Self.rate(background, events, seconds: seconds)] }),
                (
                    "XGBoost",
                    { () throws(BenchFailure) in
                        [
                            1e9
                                / (try peer.turn(TreeRequests.Turn.self, rows: Self.rows)
                                    .nanosecondsPerEvent)
                        ]
                    }
                ),
            ]
        )
        return [
            Figure(
                "er-nr-tree, attributions by covers, \(Self.rows) events at a time",
                turns.of("covers"),
                unit: "events/s",
                over: name,
                turns.of("XGBoost"),
                target: .atLeast(Self.ratio)
            ),
            Figure(
                "er-nr-tree, attributions by a background of \(Self.backgroundRows) rows",
                turns.of("background"),
                unit: "events/s",
                over: name,
                turns.of("XGBoost")
            ),
        ]
    }

    /// The path-dependent and the interventional form.
    private func explainers(
        _ model: String,
        _ input: ModelInput
    ) throws(BenchFailure) -> (TreeExplainer, TreeExplainer) {
        guard let json = TextFile.bytes(model) else {
            throw BenchFailure("\(model) cannot be read")
        }
        do {
            let ensemble = try TreeEnsemble(xgboostJSON: json)
            let rows = Self.backgroundRows
            return (
                try TreeExplainer(ensemble),
                try TreeExplainer(ensemble, background: input.floats(rows: rows), rows: rows)
            )
        } catch {
            throw BenchFailure("\(model): \(error)")
        }
    }

    /// Events per second over about `seconds`, after a first call that warms caches.
    private static func rate(
        _ explainer: TreeExplainer,
        _ events: [Float],
        seconds: Double
    ) -> Double {
        var scratch = ExplainerScratch(for: explainer)
        var attributions = [Double](repeating: 0, count: rows * explainer.attributionCount)
        func explain() {
            var output = attributions.mutableSpan
            explainer.attributions(events.span, rows: rows, into: &output, scratch: &scratch)
        }
        explain()
        let start = MonotonicClock.now()
        var calls = 0
        var taken: UInt64 = 0
        while Double(taken) < turnNanoseconds * seconds {
            explain()
            calls += 1
            taken = MonotonicClock.now() - start
        }
        return Double(calls * rows) / (Double(taken) * 1e-9)
    }
}
