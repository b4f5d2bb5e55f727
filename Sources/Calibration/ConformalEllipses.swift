internal import Glibc

/// Regions of two outputs together, as a position: ellipses that hold the truth as often as asked.
///
/// u and v are the residuals of both outputs over the model's own scales, R their second moments in
/// the event's bin. The score is √((u v) R⁻¹ (u v)ᵀ), split conformal as in `SplitConformal`
/// (multivariate conformal ellipsoids: Johnstone and Cox, COPA 2021), so the ellipse covers at least as often
/// as asked, whatever R is. R is learned from every fourth event, scores come from the others: what
/// shapes the region must not be what proves it.
public struct ConformalEllipses: Equatable, Sendable {
    /// Second moments of both residuals over their scales; both variances above 0, and the
    /// determinant.
    public struct Shape: Equatable, Sendable {
        /// Mean of u².
        public let first: Double
        /// Mean of u v.
        public let mixed: Double
        /// Mean of v².
        public let second: Double

        /// Residuals of unit size without correlation.
        public static let circle = Shape(unchecked: 1, 0, 1)

        init(unchecked first: Double, _ mixed: Double, _ second: Double) {
            self.first = first
            self.mixed = mixed
            self.second = second
        }

        /// Moments that came from outside; nil if they are none of a plane.
        public init?(first: Double, mixed: Double, second: Double) {
            let determinant = first * second - mixed * mixed
            guard first > 0, second > 0, determinant > 0, determinant < .infinity else {
                return nil
            }
            self.init(unchecked: first, mixed, second)
        }

        /// The score of a residual of both outputs; infinite for a scale that is not above 0.
        public func score(_ sample: Sample) -> Double {
            guard let (u, v) = sample.residuals else { return .infinity }
            return distance(u, v)
        }

        /// √((u v) R⁻¹ (u v)ᵀ).
        func distance(_ u: Double, _ v: Double) -> Double {
            let determinant = first * second - mixed * mixed
            let square = (second * u * u - 2 * mixed * u * v + first * v * v) / determinant
            return max(0, square).squareRoot()
        }
    }

    /// An ellipse around the point that the model answers.
    public struct Ellipse: Equatable, Sendable {
        /// The longer semi-axis, in the outputs' unit.
        public let major: Double
        /// The shorter one.
        public let minor: Double
        /// From the first output's axis to the longer semi-axis, towards the second's: above -π/2
        /// and at most π/2, rad.
        public let angle: Double

        /// An ellipse of these semi-axes.
        public init(major: Double, minor: Double, angle: Double) {
            self.major = major
            self.minor = minor
            self.angle = angle
        }

        /// Whether a point this far from the centre along both outputs lies inside.
        public func contains(_ first: Double, _ second: Double) -> Bool {
            let along = first * cos(angle) + second * sin(angle)
            let across = second * cos(angle) - first * sin(angle)
            let (u, v) = (along / major, across / minor)
            return u * u + v * v <= 1
        }
    }

    /// One calibration event: truth, answer and the model's own scale of both outputs.
    public struct Sample: Sendable, Equatable {
        /// True values.
        public var truth: (first: Double, second: Double)
        /// Answered values.
        public var value: (first: Double, second: Double)
        /// Scales; one that is not above 0 leaves the region unbounded.
        public var scale: (first: Double, second: Double)

        /// One event.
        public init(
            truth: (first: Double, second: Double),
            value: (first: Double, second: Double),
            scale: (first: Double, second: Double)
        ) {
            self.truth = truth
            self.value = value
            self.scale = scale
        }

        /// Equal in all numbers.
        public static func == (left: Sample, right: Sample) -> Bool {
            left.truth == right.truth && left.value == right.value && left.scale == right.scale
        }
    }

    /// The bins, in the units of their columns.
    public let bins: MondrianGrid
    /// Events in each bin that scores come from.
    public let eventsPerBin: [Int]
    /// The shape of each bin.
    public let shapes: [Shape]
    /// Scores; a bin has fewer than events where some are infinite.
    let scores: BinnedScores

    /// Every so-manieth event shapes the ellipses.
    private static let shapingStride = 4
    /// Fewer events than this shape no ellipse: a circle in units of the scales.
    private static let fewestShaping = 20
    /// How far from ±1 a correlation stays, so that the region keeps an inside.
    private static let leastIndependence = 1e-6

    /// Tables already checked.
    init(bins: MondrianGrid, eventsPerBin: [Int], shapes: [Shape], scores: BinnedScores) {
        precondition(scores.binCount == bins.count && shapes.count == bins.count)
        precondition(zip(scores.counts, eventsPerBin).allSatisfy { $0 <= $1 })
        self.bins = bins
        self.eventsPerBin = eventsPerBin
        self.shapes = shapes
        self.scores = scores
    }

    /// Calibrates on events the model was not trained on, in an order that says nothing.
    ///
    /// O(n log n). Refuses truths and answers that are not finite, a NaN bin value and a sample of
    /// fewer than two events; a bin without events is kept, its regions are unbounded.
    public static func fit(
        bins: MondrianGrid,
        samples: [Sample],
        binColumns: [[Double]]
    ) throws(CalibrationError) -> ConformalEllipses {
        // One shapes, one gives a score.
        guard samples.count >= 2 else {
            throw CalibrationError(
                "samples",
                found: "\(samples.count) events",
                allowed: "at least 2"
            )
        }
        let cells = try bins.indices(of: binColumns, count: samples.count, name: "binColumns")
        for (index, sample) in samples.enumerated() {
            let sum =
                sample.truth.first + sample.truth.second + sample.value.first
                + sample.value.second
            guard sum.isFinite else {
                throw CalibrationError(
                    "samples[\(index)]",
                    found: NumberText.of(sum),
                    allowed: "finite truths and answers"
                )
            }
        }
        var moments = [Moments](repeating: Moments(), count: bins.count)
        for index in stride(from: 0, to: samples.count, by: shapingStride) {
            if let (u, v) = samples[index].residuals { moments[cells[index]].take(u, v) }
        }
        let shapes = moments.map { $0.shape(fewest: fewestShaping, least: leastIndependence) }
        var events = [Int](repeating: 0, count: bins.count)
        var scores: [Double] = []
        var places: [Int] = []
        for index in samples.indices where !index.isMultiple(of: shapingStride) {
            let cell = cells[index]
            events[cell] += 1
            guard let (u, v) = samples[index].residuals else { continue }
            let score = shapes[cell].distance(u, v)
            guard score.isFinite else { continue }
            scores.append(score)
            places.append(cell)
        }
        return ConformalEllipses(
            bins: bins,
            eventsPerBin: events,
            shapes: shapes,
            scores: BinnedScores(scores: scores, bins: places, binCount: bins.count)
        )
    }

    /// The same calibration with every score rounded up to single precision, for a shorter file: see
    /// `SplitConformal.roundedUpToSinglePrecision()`.
    public func roundedUpToSinglePrecision() -> ConformalEllipses {
        ConformalEllipses(
            bins: bins,
            eventsPerBin: eventsPerBin,
            shapes: shapes,
            scores: scores.roundedUpToSinglePrecision()
        )
    }

    /// The same shapes with the scores of other events, which come with their bins; a bin with fewer
    /// finite scores than `fewest` keeps those it has.
    ///
    /// What shaped the ellipses has no part in these events, so that each of them gives a score.
    public func replacing(
        _ samples: [Sample],
        bins places: [Int],
        fewest: Int
    ) -> ConformalEllipses {
        var events = [Int](repeating: 0, count: bins.count)
        var finite: [Double] = []
        var cells: [Int] = []
        for (sample, bin) in zip(samples, places) {
            events[bin] += 1
            let score = score(sample, bin: bin)
            guard score.isFinite else { continue }
            finite.append(score)
            cells.append(bin)
        }
        let counts = BinnedScores(scores: finite, bins: cells, binCount: bins.count).counts
        return ConformalEllipses(
            bins: bins,
            eventsPerBin: events.indices.map { bin in
                counts[bin] < fewest ? eventsPerBin[bin] : events[bin]
            },
            shapes: shapes,
            scores: scores.replacing(finite, bins: cells, fewest: fewest)
        )
    }

    /// The score up to which a point is inside the region; infinite where too few events can tell.
    ///
    /// O(1), allocates nothing.
    public func radius(bin: Int, coverage: Double) -> Double {
        let rank = ConformalRank.rank(events: eventsPerBin[bin], coverage: coverage)
        return scores.smallest(rank, in: bin)
    }

    /// The ellipse of an event; infinite axes for an infinite radius or a scale that is not above 0.
    public func ellipse(
        radius: Double,
        bin: Int,
        scale: (first: Double, second: Double)
    ) -> Ellipse {
        guard radius < .infinity, scale.first > 0, scale.second > 0 else {
            let isKnown = !(radius + scale.first + scale.second).isNaN
            let axis = isKnown ? Double.infinity : .nan
            return Ellipse(major: axis, minor: axis, angle: isKnown ? 0 : .nan)
        }
        let shape = shapes[bin]
        let a = shape.first * scale.first * scale.first
        let b = shape.mixed * scale.first * scale.second
        let d = shape.second * scale.second * scale.second
        let longer = (a + d) / 2 + hypot((a - d) / 2, b)
        // By the determinant: the difference would lose the digits of a thin ellipse.
        let shorter = max(0, (a * d - b * b) / longer)
        let angle = b == 0 ? (a >= d ? 0 : Double.pi / 2) : atan2(2 * b, a - d) / 2
        return Ellipse(
            major: radius * longer.squareRoot(),
            minor: radius * shorter.squareRoot(),
            angle: angle
        )
    }

    /// The score of a residual of both outputs in a bin; infinite for a scale that is not above 0.
    public func score(_ sample: Sample, bin: Int) -> Double { shapes[bin].score(sample) }

    /// Sums of residuals of one bin.
    private struct Moments {
        var events = 0
        var first = 0.0
        var mixed = 0.0
        var second = 0.0

        mutating func take(_ u: Double, _ v: Double) {
            events += 1
            first += u * u
            mixed += u * v
            second += v * v
        }

        func shape(fewest: Int, least: Double) -> Shape {
            let count = Double(events)
            // Perfect correlation has no inside.
            let most = (first * second).squareRoot() * (1 - least)
            guard events >= fewest,
                let shape = Shape(
                    first: first / count,
                    mixed: min(max(mixed, -most), most) / count,
                    second: second / count
                )
            else { return .circle }
            return shape
        }
    }
}

extension ConformalEllipses.Sample {
    /// Residuals over their scales; nil where one scale is not above 0.
    fileprivate var residuals: (Double, Double)? {
        guard scale.first > 0, scale.second > 0 else { return nil }
        return (
            (truth.first - value.first) / scale.first, (truth.second - value.second) / scale.second
        )
    }
}
