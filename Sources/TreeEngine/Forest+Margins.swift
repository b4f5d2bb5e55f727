/// Summing leaves over blocks of rows.
extension Forest {
    /// Adds every tree's leaf to `margins`, which hold the start margins, tree after tree.
    ///
    /// `features` is [rows, featureCount] and `margins` [rows, groupCount], both row after row.
    /// A row's sum is the same float additions in the same order whatever rows are beside it.
    func add(
        _ features: UnsafeBufferPointer<Float>,
        rows: Int,
        to margins: UnsafeMutableBufferPointer<Float>
    ) {
        // Spans, because Array's own closures count references, and lanes share the counters.
        let (nodes, values, trees) = (nodes.span, values.span, trees.span)
        unsafe nodes.withUnsafeBufferPointer { nodes in
            unsafe values.withUnsafeBufferPointer { values in
                unsafe trees.withUnsafeBufferPointer { trees in
                    guard rows > 0, let nodes = nodes.baseAddress, let values = values.baseAddress,
                        let features = features.baseAddress, let margins = margins.baseAddress
                    else { return }
                    unsafe ForestPass(
                        nodes: nodes,
                        values: values,
                        trees: trees,
                        featureCount: featureCount,
                        groupCount: groupCount
                    ).add(features, rows: rows, to: margins)
                }
            }
        }
    }
}
