/// The isotonic regression of labels on scores, refitted once for each place a label 1 may be
/// added.
///
/// Vovk, Petej, Fedorova, *Large-scale probabilistic predictors with and without guarantees of
/// validity*, NeurIPS 2015 (arXiv:1511.00213), algorithms 1 and 2: one sweep over the greatest
/// convex minorant of the cumulative sums instead of a refit each time. Whole numbers throughout,
/// so exact.
enum IsotonicSlopes {
    /// A mean label as events of class 1 among events.
    struct Mean: Equatable {
        var ones: Int
        var events: Int

        /// Correctly rounded, so equal fractions give equal numbers.
        var value: Double { Double(ones) / Double(events) }
    }

    private struct Point {
        var events: Int
        var ones: Int

        func slope(to next: Point) -> Mean {
            Mean(ones: next.ones - ones, events: next.events - events)
        }

        /// Positive where the way over `middle` to `last` turns left.
        func turn(over middle: Point, to last: Point) -> Int {
            (middle.events - events) * (last.ones - ones)
                - (middle.ones - ones) * (last.events - events)
        }
    }

    /// `groups` are the labels at each distinct score, in ascending order of score; element i of
    /// the answer is the fitted value at group i after one more label 1 went into it.
    ///
    /// O(groups).
    static func withOneAdded(_ groups: [Mean]) -> [Mean] {
        let sums = cumulative(groups)
        var stack = cornersSeenFromFirst(sums)
        var fitted: [Mean] = []
        fitted.reserveCapacity(groups.count)
        for index in groups.indices {
            let top = stack[stack.count - 1]
            let next = stack[stack.count - 2]
            fitted.append(top.slope(to: next))
            // The added label moves one group to the right: the point between is now before it.
            let passed = sums[index + 1]
            let moved = Point(events: passed.events - 1, ones: passed.ones - 1)
            if top.turn(over: next, to: moved) >= 0 { continue }
            stack.removeLast()
            while stack.count > 1,
                moved.turn(over: stack[stack.count - 1], to: stack[stack.count - 2]) <= 0
            {
                stack.removeLast()
            }
            stack.append(moved)
        }
        return fitted
    }

    private static func cumulative(_ groups: [Mean]) -> [Point] {
        var sums = [Point(events: 0, ones: 0)]
        sums.reserveCapacity(groups.count + 1)
        for group in groups {
            let last = sums[sums.count - 1]
            sums.append(Point(events: last.events + group.events, ones: last.ones + group.ones))
        }
        return sums
    }

    /// Corners of the greatest convex minorant when the label is added before everything, the
    /// leftmost on top of the stack.
    private static func cornersSeenFromFirst(_ sums: [Point]) -> [Point] {
        var corners = [Point(events: -1, ones: -1)]
        for point in sums {
            while corners.count > 1,
                corners[corners.count - 2].turn(over: corners[corners.count - 1], to: point) <= 0
            {
                corners.removeLast()
            }
            corners.append(point)
        }
        return corners.reversed()
    }
}
