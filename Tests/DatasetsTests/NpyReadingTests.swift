import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct NpyReadingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var descr: String
        var type: ElementType
        var content: [UInt8]
        var values: [Double]
        var testDescription: String { descr }

        init<Word: FixedWidthInteger>(
            _ descr: String,
            _ type: ElementType,
            _ words: [Word],
            _ values: [Double]
        ) {
            self.descr = descr
            self.type = type
            content = NpyText.bytes(words, isBig: descr.hasPrefix(">"))
            self.values = values
        }
    }

    static let cases =
        ["<", ">", "="].flatMap { order in
            [
                Case(
                    "\(order)f2",
                    .float16,
                    [0x3C00, 0xC100, 0x7BFF] as [UInt16],
                    [1, -2.5, 65504]
                ),
                Case("\(order)f4", .float32, [Float(1.5), -3e9].map(\.bitPattern), [1.5, -3e9]),
                Case("\(order)f8", .float64, [0.1, -1e300].map(\.bitPattern), [0.1, -1e300]),
                Case("\(order)i2", .int16, [-2, 300] as [Int16], [-2, 300]),
                Case("\(order)i4", .int32, [Int32.min, 70_000], [-2_147_483_648, 70_000]),
                Case("\(order)i8", .int64, [Int64.min, 5], [-0x1p63, 5]),
                Case("\(order)u2", .uint16, [65_535, 258] as [UInt16], [65_535, 258]),
                Case("\(order)u4", .uint32, [UInt32.max, 1], [4_294_967_295, 1]),
                Case("\(order)u8", .uint64, [UInt64(1) << 63, 7], [0x1p63, 7]),
            ]
        }
        + ["|", "<", ">", "="].flatMap { order in
            [
                Case("\(order)i1", .int8, [-128, 127] as [Int8], [-128, 127]),
                Case("\(order)u1", .uint8, [255, 1] as [UInt8], [255, 1]),
                Case("\(order)b1", .bool, [0, 1] as [UInt8], [0, 1]),
            ]
        }
        // As NumPy writes arrays of ml_dtypes.bfloat16.
        + [Case("<V2", .bfloat16, [0x3F80, 0xC020] as [UInt16], [1, -2.5])]

    @Test("Every type is read in either byte order", arguments: cases)
    func types(one: Case) throws {
        let shape = "(\(one.values.count),)"
        let array = try read(NpyText.file(one.descr, shape: shape, content: one.content))
        #expect(array.type == one.type)
        #expect(array.shape == [one.values.count])
        #expect(array.doubles == one.values)
        #expect(array.floats == one.values.map(Float.init))
    }

    @Test("Every version of the format is read", arguments: [1, 2, 3] as [UInt8])
    func versions(major: UInt8) throws {
        let array = try read(
            NpyText.file("|u1", shape: "(3,)", content: [7, 8, 9], major: major)
        )
        #expect(array.bytes == [7, 8, 9])
    }

    @Test(
        "Shapes are read as Python writes them",
        arguments: [
            ("()", [], 1), ("(0,)", [0], 0), ("(4,)", [4], 4), ("(2, 3)", [2, 3], 6),
            ("(2,3,)", [2, 3], 6), ("( 2 , 3 )", [2, 3], 6), ("(2, 0, 5)", [2, 0, 5], 0),
            ("(1, 1, 1, 1, 2)", [1, 1, 1, 1, 2], 2),
        ] as [(String, [Int], Int)]
    )
    func shapes(text: String, shape: [Int], count: Int) throws {
        let content = (0..<count).map { UInt8($0) }
        let array = try read(NpyText.file("|u1", shape: text, content: content))
        #expect(array.shape == shape)
        #expect(array.count == count)
        #expect(array.rows == (shape.first ?? 1))
        #expect(array.bytes == content)
    }

    @Test func `Column-major arrays come out row-major`() throws {
        // Element [row, column, depth] is 100 row + 10 column + depth.
        var columnMajor: [Int32] = []
        for depth in 0..<4 {
            for column in 0..<3 {
                for row in 0..<2 { columnMajor.append(Int32(100 * row + 10 * column + depth)) }
            }
        }
        let array = try read(
            NpyText.file(
                ">i4",
                shape: "(2, 3, 4)",
                content: NpyText.bytes(columnMajor, isBig: true),
                isFortran: true
            )
        )
        let rowMajor = (0..<24).map { index -> Double in
            let (row, column, depth) = (index / 12, index / 4 % 3, index % 4)
            return Double(100 * row + 10 * column + depth)
        }
        #expect(array.shape == [2, 3, 4])
        #expect(array.doubles == rowMajor)
    }

    @Test(
        "Column-major order changes nothing for one dimension, none, and no elements",
        arguments: [("()", 1), ("(5,)", 5), ("(0, 7)", 0)]
    )
    func trivialOrder(shape: String, count: Int) throws {
        let content = (0..<count).map { UInt8($0) }
        let file = NpyText.file("|u1", shape: shape, content: content, isFortran: true)
        #expect(try read(file).bytes == content)
    }

    @Test func `Keys may stand in any order and without spaces`() throws {
        let file = NpyText.file(
            header: "{'shape':(2,),'fortran_order':False,'descr':\"<u2\"}",
            content: [1, 0, 2, 0]
        )
        #expect(try read(file).doubles == [1, 2])
    }

    private func read(_ bytes: [UInt8]) throws -> NumericArray {
        let folder = try TemporaryFolder()
        let dataset = try Dataset(path: folder.write("a.npy", bytes))
        #expect(dataset.names == ["array"])
        #expect(dataset.fileBytes == bytes)
        return try dataset.array("array")
    }
}
