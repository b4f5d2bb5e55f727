internal import Calibration
internal import Catalog
internal import Tensors

/// Where columns of a request lie: three slots an uncertainty entry, one for each axis of its bins and
/// one for its weight.
enum ColumnSlots {
    /// Columns of the request that an entry needs, by its slots.
    static func columns(_ entry: Manifest.Uncertainty) -> [OwnedText?] {
        var slots = [OwnedText?](repeating: nil, count: MondrianGrid.maximumAxes + 1)
        for (axis, bins) in entry.bins.enumerated() { slots[axis] = name(bins.column) }
        slots[MondrianGrid.maximumAxes] = entry.weight.flatMap { name($0.column) }
        return slots
    }

    private static func name(_ column: Manifest.BinColumn) -> OwnedText? {
        guard case .request(let name) = column else { return nil }
        return OwnedText(name)
    }

    /// Slot of the column that an axis of an entry's bins cuts.
    static func bin(entry: Int, axis: Int) -> Int {
        entry * (MondrianGrid.maximumAxes + 1) + axis
    }

    /// Slot of the column that weighs an entry's events.
    static func weight(entry: Int) -> Int {
        bin(entry: entry, axis: MondrianGrid.maximumAxes)
    }

    /// The uncertainty entry that a slot belongs to.
    static func entry(slot: Int) -> Int { slot / (MondrianGrid.maximumAxes + 1) }

    /// What the column of a slot does for its output, in words.
    static func purpose(slot: Int) -> String {
        slot == weight(entry: entry(slot: slot))
            ? "weighs the events of" : "chooses the calibration bin of"
    }
}
