/// Attributions from gradients of the score on the straight path from a baseline to the event.
///
/// (x - baseline) times the mean gradient on the path (Sundararajan, Taly, Yan, ICML 2017,
/// arXiv:1703.01365). The mean is a Gauss-Legendre sum: exact for scores that are polynomials of
/// degree 2 n on the path, down to single precision within 32 points for smooth networks, and as good as
/// any other rule where a network has kinks.
///
/// Rows are points of the path at which a gradient graph is to be evaluated, not the model itself.
public struct IntegratedGradients: EvaluationPlan, Equatable {
    /// The most points on the path.
    public static let maximumSteps = 256

    /// Where the path begins.
    public let baseline: [Float]
    /// Shares of the path walked.
    private let nodes: [Double]
    /// Weights of the gradients there.
    private let weights: [Double]

    private init(baseline: [Float], nodes: [Double], weights: [Double]) {
        self.baseline = baseline
        self.nodes = nodes
        self.weights = weights
    }

    /// The integral from `baseline`, which is finite, by `steps` points.
    public init(baseline: [Float], steps: Int) throws(ExplanationError) {
        try FeatureCount.check(baseline.count)
        try Baseline.check(baseline, features: baseline.count)
        guard 1...Self.maximumSteps ~= steps else {
            throw ExplanationError(
                "steps",
                found: "\(steps)",
                allowed: "1 to \(Self.maximumSteps)"
            )
        }
        let rule = GaussLegendre(points: steps)
        self.init(baseline: baseline, nodes: rule.nodes, weights: rule.weights)
    }

    /// Gradient times input: the same path from 0, by the gradient at its end alone (Shrikumar,
    /// Greenside, Shcherbina, Kundaje 2016, arXiv:1605.01713).
    ///
    /// Complete where the score is linear from 0 to the event, as piecewise linear networks without
    /// biases are; elsewhere the completeness error says how far it is from that.
    public static func gradientTimesInput(
        features: Int
    ) throws(ExplanationError) -> IntegratedGradients {
        try FeatureCount.check(features)
        return IntegratedGradients(
            baseline: [Float](repeating: 0, count: features),
            nodes: [1],
            weights: [1]
        )
    }

    /// Features of the model.
    public var features: Int { baseline.count }

    /// Gradients for one event.
    public var evaluations: Int { nodes.count }

    /// A point of the path, rounded to single precision.
    public func write(
        row: Int,
        of x: Span<Float>,
        to buffer: inout MutableSpan<Float>,
        at offset: Int
    ) {
        let node = nodes[row]
        let baseline = baseline.span
        for feature in 0..<features {
            let start = Double(baseline[feature])
            buffer[offset + feature] = Float(start + node * (Double(x[feature]) - start))
        }
    }

    /// "gradient 3 of 16".
    public func name(ofRow row: Int) -> String { "gradient \(row) of \(evaluations)" }

    /// The attributions of the event `x`, from the gradients at all points, `features` numbers each,
    /// and the model's scores of the event and of the baseline; `event` is for messages.
    ///
    /// Refuses gradients and scores that are not finite.
    @specialized(where Number == Float)
    @specialized(where Number == Double)
    public func attributions<Number: BinaryFloatingPoint>(
        gradients: Span<Number>,
        x: Span<Float>,
        score: Double,
        baselineScore: Double,
        event: UInt64
    ) throws(ExplanationError) -> PathAttributions {
        precondition(x.count == features, "one event")
        try check(gradients, width: features, event: event)
        for (name, value) in [("score", score), ("score of the baseline", baselineScore)]
        where !value.isFinite {
            throw ExplanationError(
                "event \(event), \(name)",
                found: "\(value)",
                allowed: "finite numbers"
            )
        }
        var values = [Double](repeating: 0, count: features)
        for (row, weight) in weights.enumerated() {
            for feature in 0..<features {
                values[feature] += weight * Double(gradients[row * features + feature])
            }
        }
        for feature in 0..<features {
            values[feature] *= Double(x[feature]) - Double(baseline[feature])
        }
        return PathAttributions(values: values, score: score, base: baselineScore)
    }
}
