import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// The interpreter with NumPy.
private enum Interpreter {
    static let path = ProcessInfo.processInfo.environment["VIGIL_PYTHON"]
}

/// Files from and for NumPy itself, by the interpreter that VIGIL_PYTHON names.
@Suite(.enabled(if: Interpreter.path != nil, "VIGIL_PYTHON names no interpreter"))
struct NumPyTests {
    /// What the arrays of a file must be.
    struct Wanted: Decodable {
        var type: String
        var shape: [Int]
        var values: [Double]
    }

    static let writing = """
        import json, sys, zipfile
        import numpy as np
        folder = sys.argv[1]
        arrays = {}
        for name in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]:
            for order in "<>":
                for layout in "CF":
                    values = np.arange(24).reshape(2, 3, 4) * (-5 if name[0] in "if" else 1)
                    array = np.array(values % 2 if name == "b1" else values, order=layout)
                    arrays[name + order + layout] = array.astype(order + name, order=layout)
        arrays["scalar"] = np.float64(0.1)
        arrays["empty"] = np.zeros((0, 3), dtype=np.float32)
        arrays["row"] = np.linspace(0, 1, 1000)
        arrays["noise"] = np.random.default_rng(1).normal(size=(100, 61)).astype(np.float32)
        np.savez(folder + "/stored.npz", **arrays)
        np.savez_compressed(folder + "/deflated.npz", **arrays)
        zipfile.ZIP64_LIMIT = 100
        zipfile.ZIP_FILECOUNT_LIMIT = 2
        np.savez(folder + "/wide.npz", **arrays)
        for name, array in arrays.items():
            np.save(folder + "/" + name + ".npy", array)
        wanted = {
            name: {
                "type": str(array.dtype.newbyteorder("=")),
                "shape": list(array.shape),
                "values": array.astype(np.float64).ravel(order="C").tolist(),
            }
            for name, array in arrays.items()
        }
        json.dump(wanted, open(folder + "/wanted.json", "w"))
        """

    @Test func `Files that NumPy wrote are read, element by element`() throws {
        let folder = try TemporaryFolder()
        try run(Self.writing, folder.path)
        let wanted = try JSONDecoder().decode(
            [String: Wanted].self,
            from: Data(contentsOf: URL(fileURLWithPath: folder.path + "/wanted.json"))
        )
        #expect(wanted.count == 52)
        for file in ["stored", "deflated", "wide"] {
            let dataset = try Dataset(path: "\(folder.path)/\(file).npz")
            #expect(Set(dataset.names) == Set(wanted.keys))
            for (name, one) in wanted { check(try dataset.array(name), one) }
        }
        for (name, one) in wanted {
            check(try Dataset(path: "\(folder.path)/\(name).npy").array("array"), one)
        }
    }

    static let reading = """
        import sys
        import numpy as np
        with np.load(sys.argv[1] + "/ours.npz", allow_pickle=False) as file:
            assert file.files == ["half", "table", "one", "yes"], file.files
            assert file["half"].dtype == np.float16 and file["half"].tolist() == [1.0, -2.5]
            assert file["table"].dtype == np.float32 and file["table"].shape == (2, 3)
            assert file["table"].tolist() == [[0, 1, 2], [3, 4, 5]]
            assert file["one"].shape == () and file["one"] == -7 and file["one"].dtype == np.int64
            assert file["yes"].dtype == bool and file["yes"].tolist() == [True, False]
        """

    @Test func `Files that we write are NumPy's`() throws {
        let folder = try TemporaryFolder()
        var dataset = Dataset()
        let half: [UInt16] = [0x3C00, 0xC100]
        dataset["half"] = NumericArray(type: .float16, shape: [2], bytes: NpyText.bytes(half))
        dataset["table"] = NumericArray(shape: [2, 3], floats: [0, 1, 2, 3, 4, 5])
        dataset["one"] = NumericArray(type: .int64, shape: [], bytes: NpyText.bytes([Int64(-7)]))
        dataset["yes"] = NumericArray(type: .bool, shape: [2], bytes: [1, 0])
        try dataset.write(to: folder.path + "/ours.npz")
        try run(Self.reading, folder.path)
    }

    private func check(_ array: NumericArray, _ wanted: Wanted) {
        #expect(array.type.name == wanted.type)
        #expect(array.shape == wanted.shape)
        #expect(array.doubles == wanted.values)
    }

    private func run(_ program: String, _ argument: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Interpreter.path))
        process.arguments = ["-c", program, argument]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
