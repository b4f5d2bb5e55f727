import Calibration
import Messages

extension UncertaintyDescription {
    /// Whether the output is a binary score.
    var isBinary: Bool { method == "best" || BinaryCurve.Method(rawValue: method) != nil }

    /// Whether the output has sets of classes.
    var isSet: Bool { score != nil }

    /// How its sets of classes are made, or nil where it has none.
    var score: ClassScore? {
        ClassScore(method: method, penalty: penalty ?? 0, freeRanks: freeRanks)
    }

    /// The method of its intervals, or nil where it has none.
    var conformalMethod: ConformalMethod? {
        method == "ensemble" ? .normalised : ConformalMethod(rawValue: method)
    }

    /// The bins of its calibration.
    func grid() throws -> MondrianGrid {
        try MondrianGrid(axes: bins.map { try MondrianBins(edges: $0.edges) })
    }
}

extension BinAxis {
    /// The column as its users name it.
    var label: String { feature.isEmpty ? name : feature }
}

extension ClassDescription {
    /// The class with its labels, as "class nr (label 1)".
    var words: String {
        let texts = labels.map { Output.shortest($0) }.joined(separator: ", ")
        return "class \(name) (\(labels.count == 1 ? "label" : "labels") \(texts))"
    }
}
