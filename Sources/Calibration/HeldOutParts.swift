/// Which events stand aside while the others calibrate: drawn by lot, the same in every run.
public enum HeldOutParts {
    /// The part of each event, from 0 and below `count`; `groups` holds what it belongs to, as its bin
    /// or its class.
    ///
    /// Events of a group take lots, which Philox draws for their places in the list, and are dealt in
    /// turn in the order of these: the parts of a group differ by one event at most, the first have
    /// the more. O(n log n).
    public static func dealt(_ count: Int, groups: [Int]) -> [Int] {
        precondition(count >= 2, "parts to tell apart")
        let lots = groups.indices.map { Philox.uniform(seed: 0, event: UInt64($0)) }
        var next = [Int](repeating: 0, count: (groups.max() ?? 0) + 1)
        var parts = [Int](repeating: 0, count: groups.count)
        for event in groups.indices.sorted(by: { (lots[$0], $0) < (lots[$1], $1) }) {
            parts[event] = next[groups[event]] % count
            next[groups[event]] += 1
        }
        return parts
    }

    /// Events that calibrate and events that are tested, half of each group; of an odd number the
    /// first gets one more.
    static func halves(groups: [Int]) -> (fitted: [Int], tested: [Int]) {
        let parts = dealt(2, groups: groups)
        return (
            fitted: parts.indices.filter { parts[$0] == 0 },
            tested: parts.indices.filter { parts[$0] == 1 }
        )
    }
}
