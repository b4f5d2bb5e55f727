@testable import FPGAEngine

/// Programs written by hand, in da4ml's binary form.
struct ProgramWords {
    /// One operation; data is its 64 bits.
    struct Operation {
        var code: Int32
        var first: Int32 = -1
        var second: Int32 = -1
        var data: Int64 = 0
        /// Sign, bits before and bits after the point.
        var format: (Int32, Int32, Int32)
    }

    var version: Int32 = 1
    var inputCount: Int32 = 1
    var operations: [Operation]
    /// Which operation each output is, how far it is shifted and whether it is negated.
    var outputs: [(Int32, Int32, Int32)] = [(0, 0, 0)]
    var tables: [[Int32]] = []

    var words: [Int32] {
        var words = [
            version, 0, inputCount, Int32(outputs.count), Int32(operations.count),
            Int32(tables.count),
        ]
        words += [Int32](repeating: 0, count: Int(inputCount))
        words += outputs.map(\.0) + outputs.map(\.1) + outputs.map(\.2)
        for operation in operations {
            words += [operation.code, operation.first, operation.second]
            words.append(Int32(truncatingIfNeeded: operation.data))
            words.append(Int32(truncatingIfNeeded: operation.data >> 32))
            words += [operation.format.0, operation.format.1, operation.format.2]
        }
        words += tables.map { Int32($0.count) } + tables.flatMap(\.self)
        return words
    }

    var bytes: [UInt8] { Self.bytes(words) }

    static func bytes(_ words: [Int32]) -> [UInt8] {
        words.flatMap { word in
            let bits = UInt32(bitPattern: word)
            return [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: bits >> $0) }
        }
    }

    /// A port of the program.
    static func port(_ isSigned: Bool, _ integer: Int, _ fraction: Int) -> FixedPointFormat {
        FixedPointFormat(
            isSigned: isSigned,
            integerBits: integer,
            fractionBits: fraction,
            overflow: .wrap
        )
    }

    /// The program for ports; throws what a reader says.
    func program(
        _ inputs: [FixedPointFormat],
        _ outputs: [FixedPointFormat]
    ) throws(FirmwareError) -> DAISProgram {
        try DAISProgram(bytes, file: "program.dais", inputs: inputs, outputs: outputs)
    }

    /// The words that one-port events give.
    static func run(
        _ program: DAISProgram,
        _ inputs: [Int32],
        inputPorts: Int = 1,
        outputPorts: Int = 1
    ) throws -> [Int32] {
        let layout = WordLayout(inputStride: 64, outputStride: 64)
        let interpreter = FirmwareInterpreter(program, layout: layout)
        let events = inputs.count / inputPorts
        var input = [Int32](repeating: 0, count: events * 16)
        for event in 0..<events {
            for port in 0..<inputPorts {
                input[event * 16 + port] = inputs[event * inputPorts + port]
            }
        }
        var output = [Int32](repeating: 0, count: events * 16)
        try unsafe input.withUnsafeBytes { words in
            try unsafe output.withUnsafeMutableBytes { answers in
                try unsafe interpreter.run(
                    events: events,
                    input: words.baseAddress.unsafelyUnwrapped,
                    output: answers.baseAddress.unsafelyUnwrapped
                )
            }
        }
        return (0..<events).flatMap { event in
            Array(output[event * 16..<event * 16 + outputPorts])
        }
    }
}
