/// A program as it stands in its file, every index and size checked: da4ml's binary form, version 1.
struct DAISListing: Sendable {
    /// One of the values that leave the program.
    struct Output: Sendable, Equatable {
        /// Which operation gives it; nil for 0.
        let operation: Int?
        /// It counts 2^shift times.
        let shift: Int
        let isNegated: Bool
    }

    let operations: [DAISOperation]
    /// Of each operation's value.
    let formats: [DAISFormat]
    /// An input counts 2^shift times.
    let inputShifts: [Int]
    let outputs: [Output]
    let tables: [[Int32]]

    private static let specificationVersion = 1
    private static let headerWords = 6
    private static let operationWords = 8
    /// Furthest that any shift or point may reach, either way.
    static let furthest = 128
    /// Widest value.
    static let maximumWidth = 64

    init(_ bytes: [UInt8], file: String) throws(FirmwareError) {
        guard bytes.count % 4 == 0, bytes.count >= 4 * Self.headerWords else {
            throw FirmwareError(
                file,
                found: "\(bytes.count) bytes",
                allowed: "whole words of 4 bytes, at least \(Self.headerWords)"
            )
        }
        let words = LittleEndianWords.words(of: bytes).map(Int.init)
        guard words[0] == Self.specificationVersion else {
            throw FirmwareError(
                "\(file): version",
                found: "\(words[0])",
                allowed: "\(Self.specificationVersion)"
            )
        }
        let (inputs, outputs, count, tableCount) = (words[2], words[3], words[4], words[5])
        let head = Self.headerWords + inputs + 3 * outputs
        let end = head + Self.operationWords * count + tableCount
        guard inputs >= 0, outputs >= 0, count >= 0, tableCount >= 0, end <= words.count else {
            throw FirmwareError(
                file,
                found: "\(words.count) words",
                allowed:
                    "those of \(inputs) inputs, \(outputs) outputs, \(count) operations and \(tableCount) tables"
            )
        }
        var reading = DAISReading(file: file, words: words, inputCount: inputs)
        var place = Self.headerWords
        inputShifts = try reading.shifts("shift of input", place..<place + inputs)
        place += inputs
        self.outputs = try reading.outputs(
            indices: place,
            shifts: place + outputs,
            signs: place + 2 * outputs,
            count: outputs,
            operations: count
        )
        tables = try reading.tables(sizes: head + Self.operationWords * count, count: tableCount)
        reading.tableCount = tableCount
        var operations: [DAISOperation] = []
        var formats: [DAISFormat] = []
        operations.reserveCapacity(count)
        formats.reserveCapacity(count)
        for index in 0..<count {
            let start = head + Self.operationWords * index
            operations.append(try reading.operation(index, at: start))
            formats.append(try reading.format(index, at: start + 5))
        }
        self.operations = operations
        self.formats = formats
    }
}
