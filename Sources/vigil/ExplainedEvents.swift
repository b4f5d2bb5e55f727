import Messages
import Tensors

/// What made the scores of some events, put together from the daemon's answers.
struct ExplainedEvents {
    /// One event.
    struct Event {
        /// Row of the file.
        let row: Int
        let id: UInt64?
        /// The output explained.
        let score: Double
        /// The output with no feature known; nil where shares do not add up.
        let base: Double?
        let residual: Double?
        /// A share of every feature; NaN where an input is not finite.
        let shares: [Double]
        /// Standard errors, where something was sampled.
        let errors: [Double]?
        /// Numbers of the model's input, where it has one of fixed shape.
        let input: [Double]?

        /// Numbers of the features, where each is one element of the input.
        var inputs: [Double]? { input.flatMap { $0.count == shares.count ? $0 : nil } }

        /// Whether there is anything to show.
        var isExplained: Bool { shares.allSatisfy(\.isFinite) }

        /// Features from the largest share to the smallest, whatever the sign.
        var order: [Int] {
            shares.indices.sorted { (abs(shares[$1]), $0) < (abs(shares[$0]), $1) }
        }
    }

    let model: String
    let version: String
    let digest: String
    /// The raw output explained, and its unit ("1" for none).
    let output: String
    let unit: String
    let method: String
    /// Names, in the order of shares.
    let features: [String]
    /// Name of the tensor that features are places of, where they have no names.
    private let holder: String
    /// Unit of the input, "" for none.
    let inputUnit: String
    /// Times that the model ran for one event.
    let evaluations: Int
    /// Digests of the background's file and of the gradient graph, where there is one.
    let background: String?
    let gradient: String?
    var events: [Event]

    /// Features that are shown one by one; the rest is summed.
    static let mostShown = 20

    init(
        origin: ScoreAnswer.Origin,
        made: Attributions,
        inputs: [TensorDescription],
        events: [Event]
    ) {
        model = origin.model
        version = origin.version
        digest = origin.digest
        output = made.output
        unit = made.unit
        method = made.method
        features = made.features
        let input = inputs.count == 1 ? inputs[0] : nil
        inputUnit = input.map { $0.unit == "1" ? "" : $0.unit } ?? ""
        // Of several inputs only pulls are explained, places in that output.
        holder = input?.signature.name ?? made.output
        evaluations = made.evaluations
        background = made.background
        gradient = made.gradient
        self.events = events
    }

    /// Whether both are explained by the same files in the same way.
    func isOfOne(with other: ExplainedEvents) -> Bool {
        version == other.version && digest == other.digest && output == other.output
            && method == other.method && features == other.features
            && background == other.background && gradient == other.gradient
    }

    /// These events and then the others.
    func joined(with other: ExplainedEvents) -> ExplainedEvents {
        var all = self
        all.events += other.events
        return all
    }

    /// A number of the output with its unit.
    func text(_ value: Double) -> String {
        let number = Output.significant(value, 4)
        return unit.isEmpty || unit == "1" ? number : "\(number) \(unit)"
    }

    /// A feature's name, with the tensor's where it is only a place.
    func label(_ feature: Int) -> String {
        let name = features[feature]
        let isPlace = name.allSatisfy { $0.isNumber || $0 == "," || $0 == ":" }
        return isPlace ? "\(holder)[\(name)]" : name
    }

    /// What shares are of: the output, or the mean square of the pulls that it holds.
    var whole: String { method == "pulls" ? "mean square of \(output)" : output }

    /// What was explained, and how.
    var heading: String { "\(model) \(version): \(whole) by \(method)" }

    /// What it took.
    var means: String {
        var parts = ["\(evaluations) evaluation\(evaluations == 1 ? "" : "s") an event"]
        if let background { parts.append("background \(background.prefix(19))") }
        return parts.joined(separator: ", ")
    }

    /// What is said of an event above its shares.
    func title(_ event: Event) -> String {
        let id = event.id.map { " (id \($0))" } ?? ""
        let score = event.score.isNaN ? "" : ": \(whole) \(text(event.score))"
        return "event \(event.row)\(id)\(score)"
    }

    /// How shares add up.
    func sum(_ event: Event) -> String? {
        guard let base = event.base, let residual = event.residual else { return nil }
        return
            "base \(text(base)), shares \(text(event.shares.reduce(0, +))), residual \(Output.significant(residual, 2))"
    }

    /// What is said instead of shares.
    static let unexplained = "nothing is explained: an input is not finite"
}
