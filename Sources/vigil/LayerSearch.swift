import Messages

/// Which groups of layers are left in float32, by trying.
///
/// Each group is left out alone; then all that gained by it together.
struct LayerSearch {
    /// Times closer than this say nothing: so much a measurement on a shared machine may be off.
    private static let noise = 0.05
    /// What a shift must be of another to be worth a layer in float32.
    private static let worthwhile = 0.8

    let groups: Int
    /// Everything in INT8 first.
    private(set) var tried: [MeasuredVersion] = []

    init(groups: Int) { self.groups = groups }

    /// Sets of groups to be tried before anything is known.
    var first: [[Int]] { [[]] + (groups > 1 ? (0..<groups).map { [$0] } : []) }

    /// A set to be tried once those were, or nil.
    var second: [Int]? {
        guard let all = tried.first else { return nil }
        let gains = tried.dropFirst().filter { Self.gains($0, over: all) }.flatMap(\.excluded)
        return gains.count > 1 && gains.count < groups ? gains : nil
    }

    mutating func add(_ version: MeasuredVersion) { tried.append(version) }

    /// Adds what the daemon measured of a version at another load.
    mutating func time(_ index: Int, _ model: ModelDescription) { tried[index].times.add(model) }

    /// Of the fastest, that whose scores move least.
    var chosen: Int? {
        let times = tried.map(\.times.best.nanosecondsPerEvent)
        guard let fastest = times.min() else { return nil }
        return tried.indices.filter { times[$0] <= fastest * (1 + Self.noise) }
            .min { tried[$0].shift < tried[$1].shift }
    }

    private static func gains(_ version: MeasuredVersion, over all: MeasuredVersion) -> Bool {
        let ratio =
            version.times.best.nanosecondsPerEvent / all.times.best.nanosecondsPerEvent
        return ratio < 1 - noise || (ratio <= 1 + noise && version.shift < worthwhile * all.shift)
    }
}
