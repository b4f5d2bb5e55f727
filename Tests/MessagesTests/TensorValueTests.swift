import Messages
import Tensors
import Testing

@Suite struct TensorValueTests {
    @Test func `Rows are counted along the first axis, or by the splits`() {
        let dense = TensorValue(name: "x", shape: [3, 2], floats: [1, 2, 3, 4, 5, 6])
        #expect(dense.rows == 3)
        #expect(dense.floats == [1, 2, 3, 4, 5, 6])
        let scalar = TensorValue(name: "x", type: .float32, shape: [], bytes: [])
        #expect(scalar.rows == 0)
        var ragged = dense
        ragged.rowSplits = [0, 1, 1, 3, 3]
        #expect(ragged.rows == 4)
    }

    @Test("Any rows can be taken out", arguments: [0..<0, 0..<1, 1..<3, 0..<3, 3..<3])
    func slice(range: Range<Int>) {
        let floats: [Float] = [1, 2, 3, 4, 5, 6]
        let part = TensorValue(name: "x", shape: [3, 2], floats: floats).rows(range)
        #expect(part.shape == [range.count, 2])
        #expect(part.floats == Array(floats[2 * range.lowerBound..<2 * range.upperBound]))
        #expect(part.name == "x")
    }

    @Test func `No rows can be taken out of none`() {
        let empty = TensorValue(name: "x", shape: [0, 5], floats: [])
        #expect(empty.rows(0..<0) == empty)
    }

    @Test func `Floats of 16 bits are shown as they are`() {
        let float16 = TensorValue(
            name: "x",
            type: .float16,
            shape: [3],
            bytes: [0, 0x3C, 0, 0xC1, 1, 0]
        )
        #expect(float16.floats == [1, -2.5, 0x1p-24])
        let bfloat16 = TensorValue(
            name: "x",
            type: .bfloat16,
            shape: [2],
            bytes: [0x80, 0x3F, 1, 0xC0]
        )
        #expect(bfloat16.floats == [1, -2.015625])
    }

    @Test func `Whole numbers show no floats`() {
        #expect(TensorValue(name: "x", type: .int32, shape: [1], bytes: [0, 0, 0, 0]).floats == [])
    }
}
