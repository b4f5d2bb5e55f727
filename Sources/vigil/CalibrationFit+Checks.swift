import Messages

extension CalibrationFit {
    func requireClasses(
        _ entry: UncertaintyDescription,
        _ truth: [Double],
        _ chosen: [Int],
        fewest: Int
    ) throws {
        for one in entry.classes {
            let events = chosen.count { one.labels.contains(truth[$0]) }
            guard events > 0 else {
                throw Complaint("\(path)[\(entry.truth)]: no event of \(one.words)")
            }
            guard events >= fewest else {
                throw Complaint(
                    "\(path)[\(entry.truth)]: found \(events) event of \(one.words), allowed are at least \(fewest), so that one can be held out"
                )
            }
        }
    }

    /// Every event that calibrates belongs to a bin.
    func requireBins(
        _ entry: UncertaintyDescription,
        _ chosen: [Int],
        _ columns: [[Double]]
    ) throws {
        for (axis, column) in zip(entry.bins, columns) {
            guard let row = chosen.first(where: { column[$0].isNaN }) else { continue }
            throw Complaint(
                axis.source == "output"
                    ? "\(path): the output \(axis.label), which the bins cut, is nan in row \(row)"
                    : "\(path)[\(axis.label)]: found nan in row \(row), allowed are numbers"
            )
        }
    }
}
