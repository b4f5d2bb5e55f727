internal import Calibration
internal import Messages

/// Two regression outputs together: conformal ellipses around their values.
final class RegionStep: Sendable {
    /// Where the model's own scale of an output comes from.
    enum Scale: Sendable {
        /// The method has none: 1.
        case one
        /// Raw output of the scale.
        case sigma(Int)
        /// Half the distance of two raw outputs, the quantiles.
        case quantiles(lower: Int, upper: Int)
    }

    private let ellipses: ConformalEllipses
    private let bins: BinReader
    private let scales: (first: Scale, second: Scale)
    /// Radii, all coverages of one bin after the other.
    private let radii: [Double]
    private let coverages: Int
    /// Sections of the answer.
    private let sections: (ellipses: Int, flags: Int)

    init(
        ellipses: ConformalEllipses,
        coverages: [Double],
        bins: BinReader,
        scales: (first: Scale, second: Scale),
        sections: (ellipses: Int, flags: Int)
    ) {
        self.ellipses = ellipses
        self.bins = bins
        self.scales = scales
        self.sections = sections
        self.coverages = coverages.count
        radii = (0..<ellipses.bins.count).flatMap { bin in
            coverages.map { ellipses.radius(bin: bin, coverage: $0) }
        }
    }

    /// Writes a segment's rows; true if one carries a flag.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs raw: RawOutputs,
        sections answer: AnswerSections
    ) -> Bool {
        let flags = unsafe answer.flags(sections.flags) + segment.firstRow
        let stride = 3 * coverages
        let found = unsafe answer.floats(sections.ellipses) + segment.firstRow * stride
        var isInfinite = false
        let isUnbinned = unsafe bins.forEachBlock(
            segment,
            position: position,
            outputs: raw,
            flags: flags
        ) { rows, cells in
            for index in rows {
                let place = unsafe found + index * stride
                let bin = Int(unsafe cells[index - rows.lowerBound])
                guard bin >= 0 else {
                    unsafe place.update(repeating: .nan, count: stride)
                    continue
                }
                let scale = (
                    first: Self.scale(scales.first, raw, position + index),
                    second: Self.scale(scales.second, raw, position + index)
                )
                let unit = ellipses.ellipse(radius: 1, bin: bin, scale: scale)
                var widest = 0.0
                for level in 0..<coverages {
                    let radius = radii[bin * coverages + level]
                    // Not by the product: 0 times infinity is no number, and no bound.
                    let isUnbounded = radius == .infinity || unit.major == .infinity
                    let major = isUnbounded ? .infinity : radius * unit.major
                    let minor = isUnbounded ? .infinity : radius * unit.minor
                    unsafe place[3 * level] = Float(roundedUp: major)
                    unsafe place[3 * level + 1] = Float(roundedUp: minor)
                    unsafe place[3 * level + 2] = Float(unit.angle)
                    widest = max(widest, major)
                }
                if widest == .infinity {
                    unsafe flags[index] = EventFlag.infinite
                    isInfinite = true
                }
            }
        }
        return isUnbinned || isInfinite
    }

    @inline(__always)
    private static func scale(_ scale: Scale, _ raw: RawOutputs, _ row: Int) -> Double {
        switch scale {
        case .one: return 1
        case .sigma(let output): return Double(unsafe raw.floats(output)[row])
        case .quantiles(let lower, let upper):
            let low = Double(unsafe raw.floats(lower)[row])
            let high = Double(unsafe raw.floats(upper)[row])
            return (high - low) / 2
        }
    }
}
