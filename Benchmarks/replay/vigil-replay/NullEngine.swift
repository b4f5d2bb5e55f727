import Execution
import Tensors

/// Answers its input, at no cost but a copy: what is left is what serving costs.
final class NullEngine: Engine {
    let version = "null 1"
    let inputs: [TensorSignature]
    let outputs: [TensorSignature]
    let fixedRows: Int? = nil

    init(_ input: TensorSignature, output: TensorSignature) {
        inputs = [input]
        outputs = [output]
    }

    func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        NullInstance(rowBytes: inputs[0].byteCount, maximumRows: maximumRows)
    }
}

/// Buffers of one lane.
private final class NullInstance: EngineInstance {
    private let rowBytes: Int
    private let input: AlignedBuffer
    private let output: AlignedBuffer

    init(rowBytes: Int, maximumRows: Int) {
        self.rowBytes = rowBytes
        input = AlignedBuffer(byteCount: maximumRows * rowBytes)
        output = AlignedBuffer(byteCount: maximumRows * rowBytes)
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer { unsafe input.base }

    func outputMemory(_ index: Int) -> UnsafeRawPointer { unsafe UnsafeRawPointer(output.base) }

    func run(rows: Int) throws(EngineFailure) {
        unsafe try run(rows: rows, lentInput: UnsafeRawPointer(input.base))
    }

    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        unsafe output.base.copyMemory(from: input, byteCount: rows * rowBytes)
    }
}
