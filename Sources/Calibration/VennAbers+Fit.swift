extension VennAbers {
    /// Calibrates on events the model was not trained on; equal scores are one place of the
    /// isotonic regression, as the definition has it.
    ///
    /// O(n log n).
    ///
    /// Refuses a score that is not finite, unequal lengths and a sample without both classes.
    public static func fit(scores: [Double], labels: [Bool]) throws(CalibrationError) -> VennAbers {
        let ones = try BinarySample.ones(scores, labels)
        let (places, groups) = grouped(scores, labels)
        return VennAbers(places: places, groups: groups, events: scores.count, ones: ones)
    }

    /// Distinct scores ascending, and the labels at each.
    private static func grouped(
        _ scores: [Double],
        _ labels: [Bool]
    ) -> (places: [Double], groups: [IsotonicSlopes.Mean]) {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var places: [Double] = []
        var groups: [IsotonicSlopes.Mean] = []
        for index in order {
            if places.last != scores[index] {
                places.append(scores[index])
                groups.append(IsotonicSlopes.Mean(ones: 0, events: 0))
            }
            groups[groups.count - 1].events += 1
            if labels[index] { groups[groups.count - 1].ones += 1 }
        }
        return (places, groups)
    }

    private init(places: [Double], groups: [IsotonicSlopes.Mean], events: Int, ones: Int) {
        let upper = IsotonicSlopes.withOneAdded(groups)
        // p0 is p1 of the mirror image: order reversed and the classes exchanged.
        let mirrored = groups.reversed().map {
            IsotonicSlopes.Mean(ones: $0.events - $0.ones, events: $0.events)
        }
        let lower: [IsotonicSlopes.Mean] = IsotonicSlopes.withOneAdded(mirrored).reversed().map {
            IsotonicSlopes.Mean(ones: $0.events - $0.ones, events: $0.events)
        }
        var p0From: [Double] = []
        var p0 = [0.0]
        var p1To: [Double] = []
        var p1: [Double] = []
        for (index, place) in places.enumerated() {
            // A score between two places: a 0 pools with the place before it, a 1 with the place
            // after it. So p0 steps up at a place, p1 just after one.
            if lower[index].value != p0[p0.count - 1] {
                p0From.append(place)
                p0.append(lower[index].value)
            }
            let following = index + 1 < places.count ? upper[index + 1].value : 1
            if upper[index].value != following {
                p1To.append(place)
                p1.append(upper[index].value)
            }
        }
        p1.append(1)
        self.init(
            events: events,
            classOneEvents: ones,
            p0From: p0From,
            p0: p0,
            p1To: p1To,
            p1: p1
        )
    }
}
