/// The text of `base_score`: `5E-1` up to XGBoost 3.0, `[5E-1]` or one entry a group since.
enum XGBoostBaseScore {
    static let path = "learner.learner_model_param.base_score"

    /// Reads the values by group; a single one counts for every group.
    static func read(
        _ text: String,
        groupCount: Int,
        into scores: inout [Float]
    ) throws(TreeModelError) {
        var reader = JSONReader(Array(text.utf8))
        var values: [Float]?
        do throws(TreeModelError) {
            reader.skipSpace()
            if reader.current == UInt8(ascii: "[") {
                try reader.floats(into: &values, limit: TreeLimits.groups)
            } else {
                values = [try reader.float()]
            }
            try reader.end()
        } catch {
            throw .malformed(
                path: path,
                found: TreeModelError.quote(text),
                allowed: "a number or [numbers]"
            )
        }
        guard let values, values.count == 1 || values.count == groupCount else {
            throw .malformed(
                path: path,
                found: "\(values?.count ?? 0) entries",
                allowed: "1 or \(groupCount)"
            )
        }
        scores =
            values.count == groupCount
            ? values : [Float](repeating: values[0], count: groupCount)
    }
}
