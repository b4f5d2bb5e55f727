/// Computing what is not looked up.
extension LongPaths {
    /// Events that a path takes together with covers: what is kept of them stays in the cache.
    private static let rowLimit = 32
    /// Numbers that `add` needs memory for: three for each condition of each event, and two more.
    static let memoryCount = (3 * TreeLimits.pathFeatures + 2) * rowLimit

    /// Adds the attributions of one block of events; see `PathTables.add`.
    ///
    /// `memory` has room for `memoryCount` numbers.
    func add(
        _ keys: EventKeys,
        to attributions: UnsafeMutablePointer<Double>,
        memory: UnsafeMutablePointer<Double>
    ) {
        for path in paths {
            if usesCovers {
                for first in unsafe stride(from: 0, to: keys.rows, by: Self.rowLimit) {
                    let rows = unsafe first..<min(first &+ Self.rowLimit, keys.rows)
                    unsafe addIntegrals(path, keys, rows, to: attributions, memory: memory)
                }
            } else {
                for row in unsafe 0..<keys.rows {
                    unsafe addPatterns(path, keys, row, to: attributions)
                }
            }
        }
    }

    /// Where an event's attributions of a path's group begin.
    private func place(_ path: Path, _ keys: EventKeys, _ row: Int) -> Int {
        unsafe (row &* expectations.count &+ path.group) &* keys.featureCount
    }

    /// Adds a path's Shapley values where features are unknown independently of each other.
    ///
    /// With m 1 for a condition that is met, else 0, and its share r, the value of a condition is
    /// the leaf's times (m − r) times the integral over t of the others' t m + (1 − t) r. The
    /// compiler makes vector instructions of the loops over events.
    private func addIntegrals(
        _ path: Path,
        _ keys: EventKeys,
        _ rows: Range<Int>,
        to attributions: UnsafeMutablePointer<Double>,
        memory: UnsafeMutablePointer<Double>
    ) {
        let width = path.places.count
        let count = rows.count
        // [condition][event] each; `after` is the product of all factors from a condition on.
        let met = unsafe memory
        let sums = unsafe met + width &* count
        let after = unsafe sums + width &* count
        let before = unsafe after + (width &+ 1) &* count
        for bit in 0..<width {
            let condition = conditions[path.places.lowerBound &+ bit]
            for row in 0..<count {
                let isMet = unsafe condition.isMet(by: rows.lowerBound &+ row, of: keys)
                unsafe met[bit &* count &+ row] = isMet ? 1 : 0
            }
        }
        unsafe sums.update(repeating: 0, count: width &* count)
        unsafe (after + width &* count).update(repeating: 1, count: count)
        for (t, weight) in rules[width] {
            for bit in (0..<width).reversed() {
                let unmet = (1 - t) * shares[path.places.lowerBound &+ bit]
                let (met, after) = unsafe (met + bit &* count, after + bit &* count)
                for row in 0..<count {
                    unsafe after[row] = after[row &+ count] * (unmet + t * met[row])
                }
            }
            unsafe before.update(repeating: path.value * weight, count: count)
            for bit in 0..<width {
                let share = shares[path.places.lowerBound &+ bit]
                let unmet = (1 - t) * share
                let (met, sums) = unsafe (met + bit &* count, sums + bit &* count)
                let after = unsafe after + (bit &+ 1) &* count
                for row in 0..<count {
                    unsafe sums[row] += (met[row] - share) * before[row] * after[row]
                    unsafe before[row] *= unmet + t * met[row]
                }
            }
        }
        for row in 0..<count {
            let output = unsafe attributions + place(path, keys, rows.lowerBound &+ row)
            for bit in 0..<width {
                let feature = features[path.places.lowerBound &+ bit]
                unsafe output[feature] += sums[bit &* count &+ row]
            }
        }
    }

    /// Adds a path's Shapley values, averaged over the rows of the background.
    ///
    /// Between the event and a row, the leaf is reached by a coalition that has all conditions that
    /// only the event meets and none that only the row meets; one that neither meets rules it out.
    private func addPatterns(
        _ path: Path,
        _ keys: EventKeys,
        _ row: Int,
        to attributions: UnsafeMutablePointer<Double>
    ) {
        var met: UInt64 = 0
        for (bit, place) in path.places.enumerated() {
            let isMet = unsafe conditions[place].isMet(by: row, of: keys)
            met |= (isMet ? 1 : 0) << UInt64(bit)
        }
        let output = unsafe attributions + place(path, keys, row)
        for pattern in patterns[path.patterns] where met | pattern.met == path.full {
            var differing = met ^ pattern.met
            let players = differing.nonzeroBitCount
            let own = (met & differing).nonzeroBitCount
            let gain = own > 0 ? pattern.value * weights[players][own - 1] : 0
            let loss = own < players ? pattern.value * weights[players][own] : 0
            while differing != 0 {
                let bit = differing.trailingZeroBitCount
                let feature = features[path.places.lowerBound + bit]
                unsafe output[feature] += met >> UInt64(bit) & 1 == 1 ? gain : -loss
                differing &= differing - 1
            }
        }
    }
}
