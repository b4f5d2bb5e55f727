import Explanations
import Testing

@Suite struct FeatureGroupsTests {
    @Test func `Patches at the far edges are smaller, and all channels go together`() throws {
        let groups = try FeatureGroups.patches(channels: 2, height: 3, width: 3, side: 2)
        #expect(groups.features == 18)
        #expect(
            groups.groups == [
                [0, 1, 3, 4, 9, 10, 12, 13], [2, 5, 11, 14], [6, 7, 15, 16], [8, 17],
            ]
        )
        let whole = try FeatureGroups.patches(channels: 1, height: 2, width: 2, side: 9)
        #expect(whole.groups == [[0, 1, 2, 3]])
    }

    @Test func `Every sensor is a group of its own`() throws {
        #expect(try FeatureGroups.each(features: 3) == FeatureGroups([[0], [1], [2]], features: 3))
    }

    @Test(
        "What is no list of disjoint groups is refused",
        arguments: [
            ([], 3, "groups: found none, allowed: at least one"),
            ([[0], []], 3, "groups[1]: found no feature, allowed: at least one"),
            ([[0], [1, 3]], 3, "groups[1]: found feature 3, allowed: 0 to 2"),
            ([[-1]], 3, "groups[0]: found feature -1, allowed: 0 to 2"),
            (
                [[0, 2], [1, 2]], 3,
                "groups[1]: found feature 2, which is in groups[0] already, allowed: every feature once"
            ),
            (
                [[1, 1]], 3,
                "groups[0]: found feature 1, which is in groups[0] already, allowed: every feature once"
            ),
            ([[0]], 0, "features: found 0, allowed: 1 to 1048576"),
            ([[0]], 1_048_577, "features: found 1048577, allowed: 1 to 1048576"),
        ] as [([[Int]], Int, String)]
    )
    func refusals(groups: [[Int]], features: Int, message: String) {
        let error = #expect(throws: ExplanationError.self) {
            try FeatureGroups(groups, features: features)
        }
        #expect(error?.description == message)
    }

    @Test(
        "What is no image is refused",
        arguments: [
            (0, 2, 2, 1, "channels: found 0, allowed: 1 to 1048576"),
            (1, -2, 2, 1, "height: found -2, allowed: 1 to 1048576"),
            (1, 2, .max, 1, "width: found 9223372036854775807, allowed: 1 to 1048576"),
            (1, 2, 2, 0, "side: found 0, allowed: 1 to 1048576"),
            (3, 1024, 1024, 8, "features: found 3145728, allowed: 1 to 1048576"),
            (
                1 << 20, 1 << 20, 1 << 20, 8,
                "features: found 1152921504606846976, allowed: 1 to 1048576"
            ),
        ] as [(Int, Int, Int, Int, String)]
    )
    func noImage(channels: Int, height: Int, width: Int, side: Int, message: String) {
        let error = #expect(throws: ExplanationError.self) {
            try FeatureGroups.patches(channels: channels, height: height, width: width, side: side)
        }
        #expect(error?.description == message)
    }

    @Test("No features are refused", arguments: [0, -3])
    func noFeatures(features: Int) {
        #expect(throws: ExplanationError.self) { try FeatureGroups.each(features: features) }
    }
}
