extension Sequence where Element: Hashable {
    /// Each element once, in order of appearance.
    var distinct: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
