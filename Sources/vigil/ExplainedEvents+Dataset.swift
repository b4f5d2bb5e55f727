import Datasets
import Tensors

extension ExplainedEvents {
    /// The arrays of a file: shares of shape [events, features], everything else [events].
    var dataset: Dataset {
        var result = Dataset()
        result["event"] = NumericArray(
            type: .int64,
            shape: [events.count],
            bytes: events.flatMap { event in
                unsafe withUnsafeBytes(of: Int64(event.row)) { unsafe Array($0) }
            }
        )
        result["attributions"] = table(events.map(\.shares))
        result["error"] = table(events.map(\.errors))
        result["score"] = column(events.map(\.score))
        result["base"] = column(events.map(\.base))
        result["residual"] = column(events.map(\.residual))
        return result
    }

    /// A column, where every event has the value.
    private func column(_ values: [Double?]) -> NumericArray? {
        let present = values.compactMap(\.self)
        return present.count == values.count ? NumericArray(doubles: present) : nil
    }

    private func table(_ rows: [[Double]?]) -> NumericArray? {
        let present = rows.compactMap(\.self)
        guard present.count == rows.count else { return nil }
        return NumericArray(
            type: .float64,
            shape: [events.count, features.count],
            bytes: NumericArray(doubles: present.flatMap(\.self)).bytes
        )
    }
}
