public import Execution
public import Tensors

/// A boosted tree ensemble as an engine: input `features`, outputs `margin` (raw, XGBoost's
/// own float32 sums) and `prediction` (after the objective's transformation).
public final class BoostedTreeEngine: Engine {
    /// Version, as it is quoted.
    public let version: String
    /// Input tensors, in order.
    public let inputs: [TensorSignature]
    /// Output tensors, in order.
    public let outputs: [TensorSignature]
    /// The only number of rows that the artefact takes, or nil for any.
    public let fixedRows: Int? = nil
    /// A walk is never longer than a tree is deep.
    public let hasSteadyCost = true
    private let ensemble: TreeEnsemble

    private let thresholdBits: Int?

    /// The layouts of the trees, as "leaf masks, lockstep (AVX2) from 16 rows", and whether thresholds
    /// were merged, as ", 8-bit thresholds, merged in 2 features".
    public var evaluation: String {
        guard let thresholdBits else { return ensemble.layoutText }
        let merged = ensemble.mergedFeatureCount
        let exactness = merged == 0 ? "one to one" : "merged in \(merged) features"
        return "\(ensemble.layoutText), \(thresholdBits)-bit thresholds, \(exactness)"
    }

    /// Version of this engine's arithmetic: it changes when margins could.
    private static let arithmeticVersion = 1
    /// The engine's name and version, of float and of fixed-point models.
    static let quotedVersion = "vigil-trees \(arithmeticVersion)"

    /// Loads the bytes of an XGBoost JSON file; with `thresholdBits`, 1 to 16, a feature's thresholds
    /// become so few that its bins fit in so many bits.
    public convenience init(
        xgboostJSON: [UInt8],
        thresholdBits: Int? = nil
    ) throws(EngineFailure) {
        try self.init(
            xgboostJSON: xgboostJSON,
            thresholdBits: thresholdBits,
            layouts: TreeLayout.native
        )
    }

    /// Evaluates by the fastest of `layouts`; with one of them, nothing depends on the machine.
    package init(
        xgboostJSON: [UInt8],
        thresholdBits: Int? = nil,
        layouts: [TreeLayout]
    ) throws(EngineFailure) {
        self.thresholdBits = thresholdBits
        do {
            ensemble = try TreeEnsemble(
                xgboostJSON: xgboostJSON,
                thresholdBits: thresholdBits,
                layouts: layouts,
                clock: ContinuousClock()
            )
        } catch {
            throw EngineFailure(call: "XGBoost JSON", message: "\(error)")
        }
        version = Self.quotedVersion
        inputs = [
            TensorSignature(name: "features", type: .float32, shape: [ensemble.featureCount])
        ]
        func shape(_ count: Int) -> [Int] { count == 1 ? [] : [count] }
        outputs = [
            TensorSignature(name: "margin", type: .float32, shape: shape(ensemble.groupCount)),
            TensorSignature(
                name: "prediction",
                type: .float32,
                shape: shape(ensemble.predictionCount)
            ),
        ]
    }

    /// What one lane needs to run micro-batches.
    public func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        TreeInstance(ensemble, maximumRows: maximumRows)
    }

    /// Exact Shapley values of a single margin; takes about 2 µs a leaf.
    public func makeExplainer(
        background: [Float]?
    ) throws(EngineFailure) -> (any StructureExplainer)? {
        guard ensemble.groupCount == 1 else { return nil }
        do throws(TreeExplainerError) {
            return try TreeShares(ensemble, background: background)
        } catch {
            throw EngineFailure(call: "tree explainer", message: "\(error)")
        }
    }
}

/// Buffers of one lane.
private final class TreeInstance: EngineInstance {
    private let ensemble: TreeEnsemble
    private let features: AlignedBuffer
    private let margins: AlignedBuffer
    private let predictions: AlignedBuffer
    private var scratch: TreeScratch

    init(_ ensemble: TreeEnsemble, maximumRows: Int) {
        self.ensemble = ensemble
        features = AlignedBuffer(byteCount: maximumRows * ensemble.featureCount * 4)
        margins = AlignedBuffer(byteCount: maximumRows * ensemble.groupCount * 4)
        predictions = AlignedBuffer(byteCount: maximumRows * ensemble.groupCount * 4)
        scratch = TreeScratch(for: ensemble)
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer { unsafe features.base }

    func outputMemory(_ index: Int) -> UnsafeRawPointer {
        unsafe UnsafeRawPointer(index == 0 ? margins.base : predictions.base)
    }

    func run(rows: Int) throws(EngineFailure) {
        unsafe try run(rows: rows, lentInput: UnsafeRawPointer(features.base))
    }

    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        let count = rows * ensemble.groupCount
        let values = unsafe UnsafeBufferPointer(
            start: input.assumingMemoryBound(to: Float.self),
            count: rows * ensemble.featureCount
        )
        let sums = unsafe UnsafeMutableBufferPointer(
            start: margins.base.assumingMemoryBound(to: Float.self),
            count: count
        )
        let transformed = unsafe UnsafeMutableBufferPointer(
            start: predictions.base.assumingMemoryBound(to: Float.self),
            count: count
        )
        var marginSpan = unsafe sums.mutableSpan
        unsafe ensemble.margins(values.span, rows: rows, into: &marginSpan, scratch: &scratch)
        unsafe predictions.base.copyMemory(from: margins.base, byteCount: count * 4)
        var predictionSpan = unsafe transformed.mutableSpan
        ensemble.transform(&predictionSpan, rows: rows)
    }
}
