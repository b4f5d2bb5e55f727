import Calibration
import Glibc
import Monitoring

/// Nuclear recoils of a falling energy spectrum, answered by a calibration on flat ones of both kinds.
struct SpectrumShift: Encodable {
    let decayEnergy: Double
    let events: Int
    let repetitions: Int
    /// Coverage of CQR in one bin, unweighted and weighted by histograms along S2, and in S2 bins.
    let plain: Double
    let weighted: Double
    let binned: Double
    let weightedDeviation: Double
    /// How many calibration events of one weight say as much.
    let effectiveCalibrationEvents: Double
    /// The same of the test events that are drawn again and again.
    let effectiveTestEvents: Double

    private static let coverage = 0.9
    /// Scale of the exponential, keV.
    private static let energyScale = 8.0
    private static let eventsOfOneDraw = 20_000
    private static let draws = 20
    private static let histogramBins = 40

    static func measured(_ data: ScoredEvents, _ lots: inout Lots) throws -> SpectrumShift {
        let calibrating = try data.rows(kinds: 0...1, isCalibration: true)
        let recoils = try data.rows(kinds: 1...1, isCalibration: false)
        let light = try data.column("s2_top")
        let samples = try data.positions(calibrating)
        let columns = [light.at(calibrating)]
        let plain = try SplitConformal.fit(
            .cqr,
            bins: .whole,
            samples: samples,
            binColumns: []
        )
        let binned = try SplitConformal.fit(
            .cqr,
            bins: data.lightBins,
            samples: samples,
            binColumns: columns
        )
        let histogram = try ReferenceHistogram.equalShares(columns[0], count: histogramBins)
        let weights = try data.column("true_energy").at(recoils).map { exp(-$0 / energyScale) }
        let tested = try data.positions(recoils)
        var shares = (plain: [Double](), weighted: [Double](), binned: [Double]())
        var effective: [Double] = []
        for _ in 0..<draws {
            let drawn = lots.places(eventsOfOneDraw, weights: weights)
            let lightOfData = drawn.map { light[recoils[$0]] }
            let ratio = try DensityRatio(
                data: lightOfData,
                calibration: columns[0],
                bins: histogram
            )
            let weighted = try WeightedConformal.fit(
                .cqr,
                bins: .whole,
                samples: samples,
                binColumns: [],
                weight: .ratio(BinColumn(source: .output, name: "s2_top"), ratio),
                weights: columns[0].map(ratio.weight)
            )
            effective += weighted.effectiveEvents
            var held = (plain: 0, weighted: 0, binned: 0)
            for (place, light) in zip(drawn, lightOfData) {
                let sample = tested[place]
                if plain.holds(sample, plain.quantile(bin: 0, coverage: coverage)) {
                    held.plain += 1
                }
                let quantile = weighted.quantile(
                    bin: 0,
                    coverage: coverage,
                    weight: ratio.weight(light)
                )
                if plain.holds(sample, quantile) { held.weighted += 1 }
                guard let bin = data.lightBins.index(of: [light]) else { continue }
                if binned.holds(sample, binned.quantile(bin: bin, coverage: coverage)) {
                    held.binned += 1
                }
            }
            shares.plain.append(Double(held.plain) / Double(drawn.count))
            shares.weighted.append(Double(held.weighted) / Double(drawn.count))
            shares.binned.append(Double(held.binned) / Double(drawn.count))
        }
        let sum = weights.reduce(0, +)
        return SpectrumShift(
            decayEnergy: energyScale,
            events: eventsOfOneDraw,
            repetitions: draws,
            plain: shares.plain.mean,
            weighted: shares.weighted.mean,
            binned: shares.binned.mean,
            weightedDeviation: shares.weighted.deviation,
            effectiveCalibrationEvents: effective.mean,
            effectiveTestEvents: sum * sum / weights.reduce(0) { $0 + $1 * $1 }
        )
    }
}

extension SplitConformal {
    /// Whether the interval of an event at a quantile holds its truth.
    func holds(_ sample: Sample, _ quantile: ConformalQuantile) -> Bool {
        let ends = interval(
            quantile,
            value: sample.value,
            lower: sample.lower,
            upper: sample.upper,
            sigma: sample.sigma
        )
        return ends.lower <= sample.truth && sample.truth <= ends.upper
    }
}
