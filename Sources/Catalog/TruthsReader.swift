internal import StrictYAML

/// Reads `truths` and checks it against how the uncertainty is made.
enum TruthsReader {
    /// Events that are remembered where the manifest does not say how many.
    private static let usuallyRemembered = 100_000
    /// Most events that are remembered; of sets of classes, most classes of them all: each has a score.
    private static let mostRemembered = 10_000_000

    static func read(
        _ value: YAMLValue?,
        task: Manifest.Task,
        uncertainty: UncertaintyReader.Outcome
    ) throws(YAMLError) -> Manifest.Truths? {
        guard let value else { return nil }
        var mapping = try value.mapping()
        guard let first = uncertainty.entries.first else {
            throw value.error(
                "truths are compared with calibrated answers, and 'uncertainty' declares none"
            )
        }
        let most = mostRemembered / (first.isSet ? first.classes.count : 1)
        let remembered =
            try mapping.take("remembered")?.int(in: 0...most) ?? min(usuallyRemembered, most)
        let adaptation = try adaptation(mapping.take("adapt"), task, uncertainty)
        try mapping.finish()
        return Manifest.Truths(remembered: remembered, adaptation: adaptation)
    }

    private static func adaptation(
        _ value: YAMLValue?,
        _ task: Manifest.Task,
        _ uncertainty: UncertaintyReader.Outcome
    ) throws(YAMLError) -> Manifest.Truths.Adaptation {
        guard let value else { return .none }
        guard uncertainty.entries.allSatisfy({ $0.weight == nil }) else {
            // What comes of the data has the data's own spectrum, and must not be weighted again.
            throw value.error(
                "weighted intervals are not adapted: truths of the data calibrate without weights, so allowed is this without 'weight'"
            )
        }
        var mapping = try value.mapping()
        let methodValue = try mapping.require("method")
        let method = try methodValue.choice(Method.self)
        let adaptation: Manifest.Truths.Adaptation
        switch method {
        case .adaptive:
            guard task == .regression || task == .classes else {
                throw methodValue.error("found adaptive, allowed for \(task.rawValue) is window")
            }
            // Each coverage would have a level of its own, and the ellipse of a smaller one could come to
            // lie outside that of a larger.
            guard uncertainty.regions.isEmpty else {
                throw methodValue.error("found adaptive, allowed with 'regions' is window")
            }
            adaptation = .adaptive(step: try mapping.require("step").double(in: 0.0001...0.5))
        case .window:
            adaptation = .window(events: try mapping.require("events").int(in: 1000...1_000_000))
        }
        try mapping.finish()
        return adaptation
    }

    private enum Method: String, CaseIterable {
        case adaptive
        case window
    }
}
