import Execution
import Foundation
import TestSupport
import Testing

@testable import FPGAEngine

/// da4ml's library, in place of which a few lines of C compute what a hand-made program does.
struct FirmwareLibraryTests {
    /// The sum of two ports of different points, in da4ml's layout: both words at the finer point,
    /// the answer zero-extended.
    private static let source = """
        #include <stddef.h>
        #include <stdint.h>
        void inference(int32_t *in, int32_t *out, size_t events, size_t threads) {
            for (size_t event = 0; event < events; event++) {
                // Rows of 8 bits: what lies above is not there.
                int32_t a = (int8_t)in[2 * event], b = (int8_t)in[2 * event + 1];
                out[event] = (a + b) & 0x1FF;
            }
        }
        """

    private static func library(_ source: String, in folder: TemporaryFolder) throws -> String {
        let file = try folder.write("inference.c", source)
        let path = "\(folder.path)/inference.so"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["cc", "-shared", "-fPIC", "-o", path, file]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return path
    }

    private static func firmware() throws -> Firmware {
        let (coarse, fine) = (ProgramWords.port(true, 4, 1), ProgramWords.port(true, 3, 3))
        let sum = ProgramWords.port(true, 5, 3)
        let words = ProgramWords(
            inputCount: 2,
            operations: [
                .init(code: -1, first: 0, format: (1, 4, 1)),
                .init(code: -1, first: 1, format: (1, 3, 3)),
                .init(code: 0, first: 0, second: 1, format: (1, 5, 3)),
            ],
            outputs: [(2, 0, 0)]
        )
        let ports = [coarse, fine]
        let program = try words.program(ports, [sum])
        var inputs: [Int32] = []
        for event in 0..<Int32(1_500) { inputs += [event % 20 - 10, event % 31 - 15] }
        let outputs = try ProgramWords.run(program, inputs, inputPorts: 2)
        return Firmware(
            folder: "",
            kernel: "sum",
            inputs: [FirmwareTensor(name: "x", shape: [2], ports: ports)],
            outputs: [FirmwareTensor(name: "y", shape: [], ports: [sum])],
            layout: WordLayout(inputStride: 8, outputStride: 4),
            maximumEvents: 1_200,
            timing: FirmwareTiming(initiationInterval: 1, latencyClocks: 1, clockMegahertz: 1),
            resources: FirmwareResources(
                lookupTables: 0,
                flipFlops: 0,
                multipliers: 0,
                estimatedBy: "nobody"
            ),
            tools: FirmwareTools(da4ml: "0.6.0", hgq2: "none"),
            program: program,
            golden: try GoldenWords(
                ProgramWords.bytes(inputs + outputs),
                file: "golden.bin",
                events: 1_500,
                inputs: ports,
                outputs: [sum]
            )
        )
    }

    @Test("Words are moved to the library's rows and back")
    func golden() throws {
        let folder = try TemporaryFolder()
        let firmware = try Self.firmware()
        let path = try Self.library(Self.source, in: folder)
        let engine = try FirmwareEngine(firmware, software: .library(path))
        #expect(engine.version == "vigil-firmware 1")
        #expect(engine.evaluation == "da4ml 0.6.0 inference")
    }

    @Test("A library that computes otherwise is refused")
    func other() throws {
        let folder = try TemporaryFolder()
        let source = Self.source.replacing("a + b", with: "a - b")
        let path = try Self.library(source, in: folder)
        let firmware = try Self.firmware()
        let error = #expect(throws: EngineFailure.self) {
            try FirmwareEngine(firmware, software: .library(path))
        }
        #expect(error?.call == "golden check of da4ml 0.6.0 inference")
    }

    @Test("A file that is missing is named")
    func missing() throws {
        let firmware = try Self.firmware()
        let error = #expect(throws: EngineFailure.self) {
            try FirmwareLibrary(path: "/nowhere/inference.so", firmware)
        }
        #expect(error?.description.hasPrefix("dlopen: /nowhere/inference.so: cannot open") == true)
    }

    @Test("A library without the function is refused")
    func otherLibrary() throws {
        let folder = try TemporaryFolder()
        let path = try Self.library("int other;", in: folder)
        let firmware = try Self.firmware()
        let error = #expect(throws: EngineFailure.self) {
            try FirmwareLibrary(path: path, firmware)
        }
        #expect(error?.description.hasSuffix("undefined symbol: inference") == true)
    }

    @Test("A program with tables has no library")
    func tables() throws {
        let firmware = try Reference.firmware("tables")
        let error = #expect(throws: EngineFailure.self) {
            try FirmwareLibrary(path: "/nowhere/inference.so", firmware)
        }
        #expect(
            error?.message
                == "/nowhere/inference.so: the program has tables, which the library reads from files"
        )
    }
}
