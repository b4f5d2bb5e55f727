/// The binomial law: how many of `trials` succeed, each with chance `probability`.
///
/// Weights come from the ratio of neighbours outward from the mode and are normalised by their own
/// sum, as in `BetaBinomial`: nothing cancels at large counts.
public struct BinomialLaw: Sendable {
    /// How many trials.
    public let trials: Int
    /// Chance of each, 0 to 1.
    public let probability: Double

    /// Weights this much smaller than their sum are left out.
    private static let negligible = 1e-25
    /// Halvings that leave nothing of [0, 1] but the last bits of a Double.
    private static let halvings = 64

    /// Trials are not negative, the chance is 0 to 1.
    public init(trials: Int, probability: Double) {
        precondition(trials >= 0 && probability >= 0 && probability <= 1, "no such law")
        self.trials = trials
        self.probability = probability
    }

    /// P(X ≤ count).
    ///
    /// O(standard deviation + distance of `count` from the mean), at most O(trials).
    public func cumulative(upTo count: Int) -> Double {
        if count < 0 { return 0 }
        if count >= trials || probability == 0 { return 1 }
        if probability == 1 { return 0 }
        let odds = probability / (1 - probability)
        let mode = min(trials, Int(Double(trials + 1) * probability))
        var below = mode <= count ? 1.0 : 0
        var above = mode <= count ? 0.0 : 1
        func add(_ weight: Double, at place: Int) -> Bool {
            if place <= count { below += weight } else { above += weight }
            return weight >= Self.negligible * (below + above)
        }
        var weight = 1.0
        for place in stride(from: mode, to: trials, by: 1) {
            weight *= Double(trials - place) / Double(place + 1) * odds
            if !add(weight, at: place + 1) { break }
        }
        weight = 1
        for place in stride(from: mode, to: 0, by: -1) {
            weight *= Double(place) / Double(trials - place + 1) / odds
            if !add(weight, at: place - 1) { break }
        }
        return below / (below + above)
    }

    /// The smallest count whose cumulative probability satisfies `holds`, which holds for all larger
    /// ones too; `trials` if none before does.
    func firstCount(_ holds: (Double) -> Bool) -> Int {
        var low = 0
        var high = trials
        while low < high {
            let middle = (low + high) / 2
            if holds(cumulative(upTo: middle)) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The chances that `successes` of `trials` do not contradict at `level`: Clopper and Pearson,
    /// Biometrika 26 (1934) 404.
    ///
    /// Each end is missed with at most half of 1 - level. (0, 1) for no trials.
    public static func interval(
        successes: Int,
        trials: Int,
        level: Double
    ) -> (lower: Double, upper: Double) {
        precondition(successes >= 0 && successes <= trials && level > 0 && level < 1)
        guard trials > 0 else { return (0, 1) }
        let tail = (1 - level) / 2
        return (
            lower: successes == 0
                ? 0 : greatest { 1 - law(trials, $0).cumulative(upTo: successes - 1) <= tail },
            upper: upperLimit(successes: successes, trials: trials, level: 1 - tail)
        )
    }

    /// The largest chance at which `successes` or fewer of `trials` are no rarer than 1 - `level`:
    /// with probability `level` and more the true one is not larger.
    public static func upperLimit(successes: Int, trials: Int, level: Double) -> Double {
        precondition(successes >= 0 && successes <= trials && level > 0 && level < 1)
        if successes == trials { return 1 }
        return greatest { law(trials, $0).cumulative(upTo: successes) >= 1 - level }
    }

    private static func law(_ trials: Int, _ probability: Double) -> BinomialLaw {
        BinomialLaw(trials: trials, probability: probability)
    }

    /// The greatest number in [0, 1] for which what holds at 0 still does.
    private static func greatest(_ holds: (Double) -> Bool) -> Double {
        var low = 0.0
        var high = 1.0
        for _ in 0..<halvings {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return low
    }
}
