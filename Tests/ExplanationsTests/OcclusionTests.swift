import Explanations
import Testing

@Suite struct OcclusionTests {
    private static func attributions(
        _ method: Occlusion,
        _ x: [Float],
        _ model: ([Double]) -> Double
    ) throws -> [Double] {
        try method.attributions(scores: answers(method, x, model).span, event: 0)
    }

    @Test func `Groups lose what captum's FeatureAblation says`() throws {
        let golden = Golden.shared.groups
        let groups = try FeatureGroups(golden.groups, features: golden.x.count)
        let method = try Occlusion(groups: groups, baseline: golden.baseline)
        #expect(method.evaluations == golden.groups.count + 1)
        let found = try Self.attributions(method, golden.x, golden.model.score)
        #expect(distance(found, golden.values) < 1e-13)
    }

    @Test func `Patches lose what captum's Occlusion says`() throws {
        let golden = Golden.shared.patches
        let groups = try FeatureGroups.patches(
            channels: golden.shape[0],
            height: golden.shape[1],
            width: golden.shape[2],
            side: golden.side
        )
        let method = Occlusion(groups: groups)
        let found = try Self.attributions(method, golden.x, golden.model.score)
        // captum adds up windows in single precision.
        #expect(distance(found, golden.values) < 1e-6)
    }

    @Test func `A linear score loses each sensor's term, from 0 or from the background's mean`()
        throws
    {
        let sensors = try FeatureGroups.each(features: 3)
        let model = { (z: [Double]) in 2 * z[0] - z[1] + 4 * z[2] }
        #expect(
            try Self.attributions(Occlusion(groups: sensors), [1, 2, 3], model) == [2, -2, 12]
        )
        let background = try Background(numbers: [1, 0, 1, 3, 2, 0], features: 3)
        #expect(background.mean() == [2, 1, 0.5])
        let method = try Occlusion(groups: sensors, baseline: background.mean())
        #expect(try Self.attributions(method, [1, 2, 3], model) == [-2, -1, 10])
        let scores = answers(method, [1, 2, 3]) { Float(model($0)) }
        #expect(try method.attributions(scores: scores.span, event: 0) == [-2, -1, 10])
    }

    @Test func `A baseline is one finite number a feature`() throws {
        let sensors = try FeatureGroups.each(features: 2)
        var error = #expect(throws: ExplanationError.self) {
            try Occlusion(groups: sensors, baseline: [0])
        }
        #expect(error?.description == "baseline: found 1 numbers, allowed: 2, one a feature")
        error = #expect(throws: ExplanationError.self) {
            try Occlusion(groups: sensors, baseline: [0, .nan])
        }
        #expect(error?.description == "baseline[1]: found nan, allowed: finite numbers")
    }

    @Test func `A score that is not finite is named by event and group`() throws {
        let method = Occlusion(groups: try .each(features: 2))
        let names = ["the event itself", "without group 0", "without group 1"]
        for (row, name) in names.enumerated() {
            var scores: [Float] = [1, 2, 3]
            scores[row] = .nan
            let error = #expect(throws: ExplanationError.self) {
                try method.attributions(scores: scores.span, event: 4)
            }
            #expect(error?.description == "event 4, \(name): found nan, allowed: finite numbers")
        }
    }
}
