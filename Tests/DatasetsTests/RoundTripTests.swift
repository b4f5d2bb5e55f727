import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct RoundTripTests {
    @Test("What is written is read back, bit for bit", arguments: ElementType.allCases)
    func roundTrip(type: ElementType) throws {
        var random = SeededRandom(seed: UInt64(type.rawValue))
        var dataset = Dataset()
        var arrays: [String: NumericArray] = [:]
        for (index, shape) in [[], [0], [7], [3, 5], [2, 0, 4], [2, 3, 4, 5]].enumerated() {
            let count = shape.reduce(type.byteCount, *)
            let array = NumericArray(type: type, shape: shape, bytes: random.bytes(count))
            arrays["array \(index) é"] = array
            dataset["array \(index) é"] = array
        }
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.npz"
        do {
            try dataset.write(to: path)
        } catch {
            // NumPy has no such type: the only honest answer is no file.
            #expect(type == .bfloat16)
            #expect(error.message.contains("bfloat16"))
            return
        }
        let back = try Dataset(path: path)
        #expect(back.names == dataset.names)
        for (name, array) in arrays { #expect(try back.array(name) == array) }
    }

    @Test func `Headers end at a multiple of 64 bytes with a new line, as NumPy's do`() throws {
        let folder = try TemporaryFolder()
        for digits in 0..<12 {
            var dataset = Dataset()
            // Zero elements of ever longer shapes.
            let size = Int(pow(10, Double(digits)))
            dataset["a"] = NumericArray(type: .uint8, shape: [0, size], bytes: [])
            try dataset.write(to: folder.path + "/a.npz")
            let file = try Dataset(path: folder.path + "/a.npz").fileBytes
            let start = 30 + "a.npy".utf8.count
            let length = Int(file[start + 8]) + Int(file[start + 9]) << 8
            #expect((10 + length).isMultiple(of: 64))
            #expect(file[start + 10 + length - 1] == 0x0A)
        }
    }

    @Test func `The Swift conveniences make float32 and float64`() throws {
        let floats = NumericArray(shape: [2, 2], floats: [1, 2, 3, 4.5])
        #expect(floats.type == .float32)
        #expect(floats.floats == [1, 2, 3, 4.5])
        #expect(floats.doubles == [1, 2, 3, 4.5])
        let doubles = NumericArray(doubles: [0.1, -2])
        #expect(doubles.type == .float64)
        #expect(doubles.shape == [2])
        #expect(doubles.converted(to: .float32)?.floats == [Float(0.1), -2])
        #expect(doubles.converted(to: .float32)?.shape == [2])
        #expect(floats.converted(to: .float64)?.doubles == [1, 2, 3, 4.5])
        #expect(floats.converted(to: .float64)?.shape == [2, 2])
        #expect(floats.converted(to: .int32) == nil)
        #expect(floats.converted(to: .float32) == floats)
    }

    @Test func `bfloat16 is the upper half of a float32`() {
        let array = NumericArray(
            type: .bfloat16,
            shape: [3],
            bytes: NpyText.bytes([0x3F80, 0xC040, 0x7F80] as [UInt16])
        )
        #expect(array.doubles == [1, -3, .infinity])
    }

    @Test func `A dataset keeps one array a name, and forgets on request`() throws {
        var dataset = Dataset()
        dataset["a"] = NumericArray(doubles: [1])
        dataset["b"] = NumericArray(doubles: [2])
        dataset["a"] = NumericArray(doubles: [3])
        #expect(dataset.names == ["a", "b"])
        #expect(dataset["a"]?.doubles == [3])
        dataset["a"] = nil
        #expect(dataset.names == ["b"])
        #expect(dataset["a"] == nil)
    }

    @Test func `A file that cannot be written leaves nothing behind`() throws {
        let folder = try TemporaryFolder()
        try folder.write("taken/in", "the way")
        #expect(throws: DatasetError.self) {
            try Dataset.write([1, 2, 3], to: folder.path + "/taken")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left == ["taken"])
        #expect(throws: DatasetError.self) {
            try Dataset.write([1], to: folder.path + "/no/such/folder")
        }
    }
}
