/// Summing leaves over blocks of rows.
extension Forest {
    /// Bytes of keys that `add` needs.
    var scratchBytes: Int {
        keyGroups * groupKeys * MemoryLayout<UInt32>.stride
    }

    /// Keys of eight rows.
    private var groupKeys: Int { featureCount * FeatureKey.copies * Self.lanes }

    /// Groups of eight rows in a block of 16 kB of keys: beside a tree of 1.5 kB they stay in the
    /// first-level cache.
    private var keyGroups: Int {
        max(1, (16 << 10) / (groupKeys * MemoryLayout<UInt32>.stride))
    }

    /// Adds every tree's leaf to `margins`; see `ForestLayout.add`.
    func add(
        _ features: UnsafePointer<Float>,
        rows: Int,
        to margins: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutableRawPointer
    ) {
        // Spans, because Array's own closures count references, and lanes share the counters.
        let (nodes, values, trees) = (nodes.span, values.span, trees.span)
        unsafe nodes.withUnsafeBufferPointer { nodes in
            unsafe values.withUnsafeBufferPointer { values in
                unsafe trees.withUnsafeBufferPointer { trees in
                    guard let nodes = nodes.baseAddress, let values = values.baseAddress
                    else { return }
                    unsafe ForestPass(
                        nodes: nodes,
                        values: values,
                        trees: trees,
                        featureCount: featureCount,
                        groupCount: groupCount,
                        groupKeys: groupKeys,
                        blockRows: keyGroups * Self.lanes,
                        keys: scratch.assumingMemoryBound(to: UInt32.self)
                    ).add(features, rows: rows, to: margins)
                }
            }
        }
    }
}
