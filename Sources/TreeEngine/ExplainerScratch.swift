internal import Tensors

/// Memory that an explainer works in; of one thread at a time, and used again for every call.
public struct ExplainerScratch: ~Copyable {
    /// Keys of one block of events.
    let keys: AlignedBuffer
    /// Which conditions of the paths of a run they meet.
    private let patterns: AlignedBuffer
    /// Numbers of paths without a table.
    private let numbers: AlignedBuffer

    /// Memory that suits `explainer`, for any number of events.
    public init(for explainer: TreeExplainer) {
        keys = AlignedBuffer(byteCount: Self.keyBytes(explainer))
        patterns = AlignedBuffer(byteCount: Self.patternBytes(explainer))
        numbers = AlignedBuffer(
            byteCount: LongPaths.memoryCount * MemoryLayout<Double>.stride
        )
    }

    var patternMemory: UnsafeMutablePointer<UInt8> {
        unsafe patterns.base.assumingMemoryBound(to: UInt8.self)
    }

    var numberMemory: UnsafeMutablePointer<Double> {
        unsafe numbers.base.assumingMemoryBound(to: Double.self)
    }

    /// Whether there is enough of it for an explainer.
    func fits(_ explainer: TreeExplainer) -> Bool {
        keys.byteCount >= Self.keyBytes(explainer)
            && patterns.byteCount >= Self.patternBytes(explainer)
    }

    private static func keyBytes(_ explainer: TreeExplainer) -> Int {
        FeatureKey.byteCount(rows: explainer.blockRows, featureCount: explainer.featureCount)
    }

    private static func patternBytes(_ explainer: TreeExplainer) -> Int {
        PathTables.pathsOfRun * explainer.blockRows
    }
}
