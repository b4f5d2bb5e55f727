import Calibration
import Glibc

/// Probabilities of nuclear recoils calibrated at one share of them and used at another.
struct PriorChange: Encodable {
    /// Events of about the same probability.
    struct Bin: Encodable {
        let events: Int
        /// Mean probability as calibrated, and at the events' own prior.
        let asCalibrated: Double
        let mean: Double
        let measured: Double
        let low: Double
        let high: Double
        let isInside: Bool
    }

    let model: String
    let calibrationEvents: Int
    let prior: Double
    let events: Int
    /// Mean logarithmic loss with probabilities as calibrated, and at the prior; nats.
    let lossBefore: Double
    let lossAfter: Double
    let bins: [Bin]

    private static let priors = [0.5, 0.05, 0.005]
    private static let binCount = 10
    /// Chance that any of the bins of one prior leaves its band while all is right.
    private static let simultaneous = 0.05

    static func measured(_ data: ScoredEvents) throws -> [PriorChange] {
        let rows = try data.rows(kinds: 0...1, isCalibration: true)
        let margins = try data.column("mlp").at(rows)
        let calibration = try VennAbers.fit(
            scores: margins,
            labels: data.column("kind").at(rows).map { $0 == 1 }
        )
        let fitted = margins.map { calibration.probability($0) }
        let events = zip(try data.column("fresh_mlp"), try data.column("fresh_kind")).map {
            (probability: calibration.probability($0), isOne: $1 == 1)
        }
        let (ones, zeros) = (events.filter(\.isOne), events.filter { !$0.isOne })
        return priors.map { prior in
            // Fresh events come in an order that says nothing: the first are as good as any.
            let wanted = Double(zeros.count) * prior / (1 - prior)
            let kept = zeros + ones.prefix(Int(wanted.rounded()))
            let shifted = kept.map {
                PriorShift.shifted($0.probability, from: calibration.prior, to: prior)
            }
            return PriorChange(
                model: "er-nr-mlp",
                calibrationEvents: rows.count,
                prior: prior,
                events: kept.count,
                lossBefore: kept.map { loss($0.probability, $0.isOne) }.mean,
                lossAfter: zip(shifted, kept).map { loss($0, $1.isOne) }.mean,
                bins: bins(kept, shifted: shifted, fitted: fitted)
            )
        }
    }

    private static func loss(_ probability: Double, _ isOne: Bool) -> Double {
        -log(isOne ? probability : 1 - probability)
    }

    /// Bins of as many events each, by probability; equal ones stay together.
    private static func bins(
        _ events: [(probability: Double, isOne: Bool)],
        shifted: [Double],
        fitted: [Double]
    ) -> [Bin] {
        let order = events.indices.sorted { events[$0].probability < events[$1].probability }
        var edges: [Double] = []
        for place in 1..<binCount {
            let edge = events[order[order.count * place / binCount]].probability
            if edge > edges.last ?? events[order[0]].probability { edges.append(edge) }
        }
        func bin(_ probability: Double) -> Int { edges.count { $0 <= probability } }
        let members = events.map { bin($0.probability) }.members(edges.count + 1)
        let calibrating = fitted.map(bin).members(edges.count + 1)
        return zip(members, calibrating).map { members, calibrating in
            let asCalibrated = members.map { events[$0].probability }.mean
            let mean = shifted.at(members).mean
            // A shift moves logits, which are as well known after it as before: the events that told
            // one probability tell the other as well as so many others would.
            let information = asCalibrated * (1 - asCalibrated) / (mean * (1 - mean))
            let band = ReliabilityBand.band(
                meanProbability: mean,
                calibrationEvents: Int((Double(calibrating.count) * information).rounded()),
                testEvents: members.count,
                level: 1 - simultaneous / Double(edges.count + 1)
            )
            let measured =
                Double(members.count { events[$0].isOne }) / Double(members.count)
            return Bin(
                events: members.count,
                asCalibrated: asCalibrated,
                mean: mean,
                measured: measured,
                low: band.low,
                high: band.high,
                isInside: measured >= band.low && measured <= band.high
            )
        }
    }
}

extension VennAbers {
    /// One probability of class 1.
    func probability(_ score: Double) -> Double {
        let pair = pair(score)
        return Self.merged(p0: pair.p0, p1: pair.p1)
    }
}
