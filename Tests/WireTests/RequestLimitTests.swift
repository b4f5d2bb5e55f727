import Messages
import Testing

@Suite struct RequestLimitTests {
    private let tensor = ProtoBytes().text(1, "x").number(2, 1)

    @Test func `As much as is allowed is taken`() throws {
        let tensor = self.tensor.packed(3, [UInt64](repeating: 1, count: 8)).data(5, [1, 2, 3, 4])
        let score = ProtoBytes().text(1, "m")
            .messages(3, tensor, count: 8)
            .messages(8, tensor, count: 8)
            .messages(10, ProtoBytes(), count: 16)
            .number(11, 2).number(11, 2)
        let request = try LentFrames(ProtoBytes().message(2, score).bytes).request().score
        #expect(request.inputs.count == 8)
        #expect(request.inputs[7].shape.count == 8)
        #expect(request.columns.count == 8)
        #expect(request.columns[7].bytes == [1, 2, 3, 4])
        #expect(request.outputs == [String](repeating: "", count: 16))
        #expect(request.wantsAttributions)
    }

    @Test func `Attributions are asked for at the lowest priority unless another is named`() throws
    {
        let score = ProtoBytes().text(1, "m").number(11, 2)
        let request = try LentFrames(ProtoBytes().message(2, score).bytes).request().score
        #expect(request.priority == .bulk)
        let named = ProtoBytes().text(1, "m").number(5, 1).number(11, 2)
        let other = try LentFrames(ProtoBytes().message(2, named).bytes).request().score
        #expect(other.priority == .trigger)
    }

    @Test func `Row splits are found in a frame of their own`() throws {
        let tensor = self.tensor.packed(3, [2]).number(4, 2).number(6, 1)
        let header = ProtoBytes().message(2, ProtoBytes().message(3, tensor)).bytes
        let message = LentFrames(header, [[9, 8], [7, 6, 5]])
        let input = try message.request().score.inputs[0]
        #expect(input.splits == [9, 8])
        #expect(input.bytes == [7, 6, 5])
        #expect(input.isFramed)
    }
}
