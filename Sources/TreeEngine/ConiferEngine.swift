public import Execution
public import Tensors

/// A conifer model as an engine: input `features`, output `margin`, the words of conifer's cpp
/// backend as the numbers that they stand for.
public final class ConiferEngine: Engine {
    /// Version, as it is quoted.
    public let version: String
    /// Input tensors, in order.
    public let inputs: [TensorSignature]
    /// Output tensors, in order; float64 where a score may have more digits than a float32.
    public let outputs: [TensorSignature]
    /// The only number of rows that the artefact takes, or nil for any.
    public let fixedRows: Int? = nil
    /// A walk is never longer than a tree is deep.
    public let hasSteadyCost = true
    private let ensemble: ConiferEnsemble

    /// The layouts of the trees, as "leaf masks, lockstep (AVX2) from 16 rows".
    public var evaluation: String { ensemble.layoutText }

    /// Loads the bytes of a file that conifer saved.
    public init(json: [UInt8]) throws(EngineFailure) {
        do {
            ensemble = try ConiferEnsemble(
                json: json,
                layouts: TreeLayout.native,
                clock: ContinuousClock()
            )
        } catch {
            throw EngineFailure(call: "conifer JSON", message: "\(error)")
        }
        version = BoostedTreeEngine.quotedVersion
        inputs = [
            TensorSignature(name: "features", type: .float32, shape: [ensemble.featureCount])
        ]
        outputs = [
            TensorSignature(
                name: "margin",
                type: ensemble.isWide ? .float64 : .float32,
                shape: ensemble.scoreCount == 1 ? [] : [ensemble.scoreCount]
            )
        ]
    }

    /// What one lane needs to run micro-batches.
    public func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        ConiferInstance(ensemble, maximumRows: maximumRows)
    }
}

/// Buffers of one lane.
final class ConiferInstance: EngineInstance {
    /// Rows of the last micro-batch with a feature that the input's type does not hold, rising.
    private(set) var rowsOutOfRange: [Int] = []
    private let ensemble: ConiferEnsemble
    private let features: AlignedBuffer
    private let scores: AlignedBuffer
    private var scratch: ConiferScratch

    init(_ ensemble: ConiferEnsemble, maximumRows: Int) {
        self.ensemble = ensemble
        features = AlignedBuffer(byteCount: maximumRows * ensemble.featureCount * 4)
        scores = AlignedBuffer(
            byteCount: maximumRows * ensemble.scoreCount * MemoryLayout<Double>.stride
        )
        scratch = ConiferScratch(for: ensemble, maximumRows: maximumRows)
        rowsOutOfRange.reserveCapacity(maximumRows)
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer { unsafe features.base }

    func outputMemory(_ index: Int) -> UnsafeRawPointer { unsafe UnsafeRawPointer(scores.base) }

    func run(rows: Int) throws(EngineFailure) {
        unsafe try run(rows: rows, lentInput: UnsafeRawPointer(features.base))
    }

    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        let values = unsafe UnsafeBufferPointer(
            start: input.assumingMemoryBound(to: Float.self),
            count: rows * ensemble.featureCount
        )
        let count = rows * ensemble.scoreCount
        rowsOutOfRange.removeAll(keepingCapacity: true)
        if ensemble.isWide {
            let room = unsafe UnsafeMutableBufferPointer(
                start: scores.base.assumingMemoryBound(to: Double.self),
                count: count
            )
            var span = unsafe room.mutableSpan
            unsafe ensemble.wideScores(
                values.span,
                rows: rows,
                into: &span,
                flagged: &rowsOutOfRange,
                scratch: &scratch
            )
        } else {
            let room = unsafe UnsafeMutableBufferPointer(
                start: scores.base.assumingMemoryBound(to: Float.self),
                count: count
            )
            var span = unsafe room.mutableSpan
            unsafe ensemble.scores(
                values.span,
                rows: rows,
                into: &span,
                flagged: &rowsOutOfRange,
                scratch: &scratch
            )
        }
    }
}
