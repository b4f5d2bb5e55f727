import Execution
import Testing

@testable import FPGAEngine

/// The interpreter against da4ml's own, bit for bit.
struct InterpreterTests {
    @Test("Golden words are repeated", arguments: Reference.names)
    func golden(name: String) throws {
        let firmware = try Reference.firmware(name)
        try firmware.golden.check(FirmwareInterpreter(firmware), firmware)
    }

    @Test("100,000 events are repeated", arguments: Reference.names)
    func manyEvents(name: String) throws {
        let firmware = try Firmware(folder: "\(try Reference.largeFolder())/\(name)")
        #expect(firmware.golden.events == 100_000)
        try firmware.golden.check(FirmwareInterpreter(firmware), firmware)
    }

    @Test("The references use every instruction")
    func instructions() throws {
        var kinds: Set<Instruction.Kind> = []
        for name in Reference.names {
            let program = try Reference.firmware(name).program
            kinds.formUnion(SlotPlan(program.code).steps.map(\.kind))
            kinds.formUnion(program.code.instructions.filter { $0.kind == .constant }.map(\.kind))
        }
        #expect(kinds.count == 17)
    }

    @Test("Both widths of lanes are used")
    func widths() throws {
        let isNarrow = try Reference.names.map { try Reference.firmware($0).program.code.isNarrow }
        #expect(isNarrow.contains(true) && isNarrow.contains(false))
    }

    @Test("An event gives the same words alone", arguments: ["trigger", "narrow0", "wide0"])
    func alone(name: String) throws {
        let firmware = try Reference.firmware(name)
        let interpreter = FirmwareInterpreter(firmware)
        let layout = firmware.layout
        let (taken, given) = (firmware.inputPorts.count, firmware.outputPorts.count)
        for event in 0..<firmware.golden.events {
            var input = [Int32](repeating: 0, count: layout.inputStride / 4)
            for port in 0..<taken { input[port] = firmware.golden.inputs[event * taken + port] }
            var output = [Int32](repeating: 0, count: layout.outputStride / 4)
            try unsafe input.withUnsafeBytes { words in
                try unsafe output.withUnsafeMutableBytes { answers in
                    try unsafe interpreter.run(
                        events: 1,
                        input: words.baseAddress.unsafelyUnwrapped,
                        output: answers.baseAddress.unsafelyUnwrapped
                    )
                }
            }
            let expected = firmware.golden.outputs[event * given..<(event + 1) * given]
            #expect(Array(output.prefix(given)) == Array(expected))
        }
    }

    @Test("A wrong word is named")
    func difference() throws {
        final class Off: FirmwareTarget {
            let version = "off"
            let interpreter: FirmwareInterpreter
            init(_ interpreter: FirmwareInterpreter) { self.interpreter = interpreter }
            func run(
                events: Int,
                input: UnsafeRawPointer,
                output: UnsafeMutableRawPointer
            ) throws(EngineFailure) {
                try unsafe interpreter.run(events: events, input: input, output: output)
                let word = unsafe output.load(as: Int32.self)
                unsafe output.storeBytes(of: word &+ 1, as: Int32.self)
            }
        }
        let firmware = try Reference.firmware("trigger")
        let expected = firmware.golden.outputs[0]
        let failure = #expect(throws: EngineFailure.self) {
            try firmware.golden.check(Off(FirmwareInterpreter(firmware)), firmware)
        }
        #expect(
            failure?.description
                == "golden check of off: word 0 of event 0: found \(expected + 1), expected \(expected)"
        )
    }
}
