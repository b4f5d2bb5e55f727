import Digests
import FoundationEssentials
import TestSupport
import Testing

@testable import FPGAEngine

/// What firmware.json may say, and what is said of one that is wrong.
struct SidecarTests {
    /// A copy of the trigger's folder with a piece of its description replaced.
    private func folder(_ piece: String, _ other: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for file in ["program.dais", "golden.bin"] {
            try folder.write(file, Reference.bytes("trigger", file))
        }
        // Without white space, so that pieces can be named.
        let text = String(decoding: try Reference.bytes("trigger", "firmware.json"), as: UTF8.self)
        let plain = text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined()
            .replacing("\": ", with: "\":")
        try #require(piece.isEmpty || plain.contains(piece), "\(piece) in \(plain)")
        try folder.write(
            Firmware.fileName,
            piece.isEmpty ? plain : plain.replacing(piece, with: other, maxReplacements: 1)
        )
        return folder
    }

    private func refusal(_ piece: String, _ other: String) throws -> String {
        let folder = try folder(piece, other)
        do throws(FirmwareError) {
            _ = try Firmware(folder: folder.path)
            return "nothing"
        } catch {
            return error.description
        }
    }

    @Test("The trigger is read")
    func trigger() throws {
        let folder = try folder("", "")
        let firmware = try Firmware(folder: folder.path)
        #expect(firmware.kernel == "trigger")
        #expect(firmware.inputs.map(\.name) == ["features"])
        #expect(firmware.inputPorts.count == 5)
        #expect(firmware.outputs.map(\.shape) == [[]])
        #expect(firmware.layout.inputStride == 32)
        #expect(firmware.maximumEvents == 65_536)
        #expect(firmware.timing.initiationInterval == 1)
        #expect(firmware.tools.da4ml == "0.6.0")
        #expect(firmware.golden.events == 1_024)
    }

    @Test(
        "A wrong description is refused, and the message says why",
        arguments: [
            (
                #""vigil-firmware""#, #""other""#,
                #"format: found "other", allowed is vigil-firmware"#
            ),
            (
                #""format_version":1"#, #""format_version":2"#,
                "format_version: found 2, allowed is 1"
            ),
            (
                #""kernel":"trigger","#, "",
                "kernel: found nothing, allowed is a value"
            ),
            (
                #""kernel":"trigger""#, #""kernel":"""#,
                #"kernel: found "", allowed is a string of 1 to 128 bytes"#
            ),
            (
                #""kernel":"trigger","#, #""kernel":"trigger","speed":3,"#,
                #"speed: found an unknown key, allowed is format, format_version, kernel, inputs, "#
                    + "outputs, input_stride_bytes, output_stride_bytes, maximum_events, "
                    + "initiation_interval, latency_clocks, clock_megahertz, resources, made_by, "
                    + "program, golden"
            ),
            (
                #""signed":false"#, #""signed":0"#,
                "inputs[0].ports[0].signed: found 0, allowed is true or false"
            ),
            (
                #""integer":7"#, #""integer":7.5"#,
                "inputs[0].ports[0].integer: found 7.5, allowed is a whole number from -64 to 64"
            ),
            (
                #""integer":7"#, #""integer":40"#,
                "inputs[0].ports[0].fraction: found 2, which makes the port 42 bits wide, "
                    + "allowed is 0 to 32 bits with integer and sign"
            ),
            (
                #""rounding":"floor""#, #""rounding":"even""#,
                #"inputs[0].ports[0].rounding: found "even", allowed is floor"#
            ),
            (
                #""overflow":"wrap""#, #""overflow":"stop""#,
                #"inputs[0].ports[0].overflow: found "stop", allowed is wrap, saturate"#
            ),
            (
                #""shape":[5]"#, #""shape":[4]"#,
                "inputs[0].ports: found an array of 5 elements, allowed is an array of 4 elements"
            ),
            (
                #""shape":[5]"#, #""shape":[5,16]"#,
                "inputs[0].shape: found 80 values, allowed is at most 16"
            ),
            (
                #""input_stride_bytes":32"#, #""input_stride_bytes":16"#,
                "input_stride_bytes: found 16, allowed is 32 or 64 for 5 ports"
            ),
            (
                #""maximum_events":65536"#, #""maximum_events":0"#,
                "maximum_events: found 0, allowed is a whole number from 1 to 16777216"
            ),
            (
                #""clock_megahertz":200"#, #""clock_megahertz":0"#,
                "clock_megahertz: found 0, allowed is a number above 0"
            ),
            (
                #""file":"program.dais""#, #""file":"../program.dais""#,
                #"program.file: found "../program.dais", allowed is the name of a file in the same folder"#
            ),
            (
                #""file":"program.dais""#, #""file":"other.dais""#,
                "other.dais: found No such file or directory, allowed is a file that can be read"
            ),
            (
                #""events":1024"#, #""events":1023"#,
                "golden.bin: found 24576 bytes, allowed is 24552 for 1023 events of 5 and 1 words"
            ),
        ]
    )
    func refusals(piece: String, other: String, message: String) throws {
        let found = try refusal(piece, other)
        #expect(found.hasSuffix(message))
    }

    @Test("Another digest is refused")
    func digest() throws {
        let digest = Digest.hexadecimal(of: try Reference.bytes("trigger", "program.dais"))
        let other = String(repeating: "0", count: 64)
        #expect(
            try refusal(digest, other)
                == #"firmware.json: program.sha256: found "\#(other)", "#
                + #"allowed is "\#(digest)", which is program.dais's"#
        )
    }

    @Test("A folder without a description is refused")
    func missing() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: FirmwareError.self) { try Firmware(folder: folder.path) }
        #expect(
            error?.description
                == "firmware.json: found No such file or directory, allowed is a file that can be read"
        )
    }

    @Test(
        "JSON that is none is refused with its byte",
        arguments: ["", "{", "{} x", "[1", "[[[[[[[[1]]]]]]]]", #"{"a":1,"a":2}"#, #"{"a":"\n"}"#]
    )
    func malformed(text: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(Firmware.fileName, text)
        let error = #expect(throws: FirmwareError.self) { try Firmware(folder: folder.path) }
        #expect(error?.description.hasPrefix("firmware.json: JSON at byte ") == true)
    }

    @Test("A description past the limit is refused unread")
    func long() throws {
        let text = [UInt8](repeating: 0x20, count: 65_537)
        let error = #expect(throws: FirmwareError.self) { try Firmware(sidecar: text, folder: "") }
        #expect(
            error?.description == "firmware.json: file: found 65537 bytes, allowed is at most 65536"
        )
    }

    @Test("Damaged descriptions are refused or read, never a trap")
    func damage() throws {
        let bytes = try Reference.bytes("trigger", "firmware.json")
        let folder = try folder("", "")
        var random = SeededRandom(seed: 41)
        for _ in 0..<500 {
            try folder.write(Firmware.fileName, Damage.mutated(bytes, &random))
            _ = try? Firmware(folder: folder.path)
        }
        for length in bytes.indices.dropLast() where length % 7 == 0 {
            try folder.write(Firmware.fileName, Array(bytes.prefix(length)))
            #expect(throws: FirmwareError.self) { try Firmware(folder: folder.path) }
        }
    }
}
