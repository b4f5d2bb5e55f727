internal import Calibration
internal import Catalog
internal import Monitoring

/// Two outputs that are answered together, whose truths are taken: the ellipses that hold both.
struct LiveRegion {
    /// Truth, answer and scales of an event, with its bin.
    struct Scored {
        let cell: Int
        let sample: ConformalEllipses.Sample
    }

    /// What one calibration answers by: its shapes, and a radius for each coverage and bin.
    struct Limits {
        fileprivate let shapes: [ConformalEllipses.Shape]
        fileprivate let radii: [[Double]]

        /// Whether the ellipse of each coverage held the truth; one without bounds does.
        func covers(_ one: Scored) -> [Bool] {
            let isUnbounded = !(one.sample.scale.first > 0 && one.sample.scale.second > 0)
            let score = shapes[one.cell].score(one.sample)
            return radii.map { isUnbounded || score <= $0[one.cell] }
        }
    }

    let region: Manifest.Region
    let ellipses: ConformalEllipses
    /// The uncertainty entries of both outputs.
    let entries: (first: Int, second: Int)
    /// Where their observations lie among those of an event.
    private let places: (first: Int, second: Int)

    /// As replies quote its bins.
    var name: String { region.outputs.joined(separator: ",") }

    /// Those of a manifest that a file calibrates; nil where it leaves one out.
    static func all(
        _ manifest: Manifest,
        _ file: CalibrationFile,
        entries: [LiveEntry]
    ) -> [LiveRegion]? {
        var regions: [LiveRegion] = []
        for region in manifest.regions {
            let outputs = region.outputs.compactMap { name in
                entries.firstIndex { $0.uncertainty.output == name }
            }
            let found = file.regions.first { $0.outputs == region.outputs }
            guard let found, outputs.count == 2 else { return nil }
            regions.append(
                LiveRegion(
                    region: region,
                    ellipses: found.ellipses,
                    entries: (outputs[0], outputs[1]),
                    places: (
                        entries[outputs[0]].places.lowerBound, entries[outputs[1]].places.lowerBound
                    )
                )
            )
        }
        return regions
    }

    /// Coverage of each of its coverages, without truths.
    var running: [RunningCoverage] {
        region.coverages.map { coverage in
            RunningCoverage(coverage: coverage, calibrationEvents: ellipses.eventsPerBin)
        }
    }

    /// What its ellipses are answered by.
    var limits: Limits {
        Limits(
            shapes: ellipses.shapes,
            radii: region.coverages.map { coverage in
                ellipses.shapes.indices.map { ellipses.radius(bin: $0, coverage: coverage) }
            }
        )
    }

    /// What two truths make of the observations of one event, which both outputs have taken.
    func scored(_ observed: ArraySlice<Observation>, first: Double, second: Double) -> Scored {
        let one = observed[observed.startIndex + places.first]
        let other = observed[observed.startIndex + places.second]
        return Scored(
            cell: Int(one.cell),
            sample: .init(
                truth: (first, second),
                value: (one.value, other.value),
                scale: (Self.scale(one), Self.scale(other))
            )
        )
    }

    /// The model's own scale, as the ellipse that was answered had it.
    private static func scale(_ observed: Observation) -> Double {
        if !observed.lower.isNaN, !observed.upper.isNaN {
            return (Double(observed.upper) - Double(observed.lower)) / 2
        }
        return observed.sigma.isNaN ? 1 : Double(observed.sigma)
    }
}
