import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct RowsTests {
    @Test func `Chosen rows are taken of every array that has one an event`() throws {
        var dataset = Dataset()
        dataset["x"] = NumericArray(shape: [3, 2], floats: [0, 1, 2, 3, 4, 5])
        dataset["kind"] = NumericArray(doubles: [7, 8, 9])
        dataset["edges"] = NumericArray(doubles: [1, 2])
        dataset["one"] = NumericArray(shape: [], floats: [1])
        let folder = try TemporaryFolder()
        try dataset.write(to: folder.path + "/a.npz")
        let whole = try Dataset(path: folder.path + "/a.npz")
        let part = whole.rows([2, 0], of: 3)
        #expect(part.names == ["x", "kind"])
        #expect(part["x"] == NumericArray(shape: [2, 2], floats: [4, 5, 0, 1]))
        #expect(part["kind"]?.doubles == [9, 7])
        #expect(part.path == whole.path)
        #expect(part.fileBytes == whole.fileBytes)
        #expect(whole.rows([], of: 3)["x"]?.shape == [0, 2])
    }
}
