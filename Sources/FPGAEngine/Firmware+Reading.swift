internal import Digests

extension Firmware {
    /// Largest description, in bytes; one of 16 ports in and out takes some 4 KiB.
    private static let fileBytes = 64 << 10
    /// Version of the description that is read.
    private static let formatVersion = 1
    private static let maximumTensors = 16
    private static let nameBytes = 128
    /// Longest run of a kernel that any card is asked for.
    private static let mostEvents = 1 << 24
    /// Beyond any pipeline.
    private static let mostClocks = 1 << 20
    /// Beyond any card.
    private static let mostResources = 1 << 30
    private static let strides = [4, 8, 16, 32, 64]
    /// Axes that a tensor may have beside the events'.
    private static let maximumRank = 7

    private enum FileFormat: String, CaseIterable { case firmware = "vigil-firmware" }

    /// Reads `folder`/firmware.json and the files that it names, and holds them against each other.
    public init(folder: String) throws(FirmwareError) {
        try self.init(
            sidecar: FirmwareFile.bytes(Self.fileName, in: folder, limit: Self.fileBytes),
            folder: folder
        )
    }

    /// Reads a description and the files in `folder` that it names, and holds them against each other.
    public init(sidecar json: [UInt8], folder: String) throws(FirmwareError) {
        let value = try JSONReader.value(of: json, file: Self.fileName)
        var fields = try JSONFields(value, file: Self.fileName)
        _ = try fields.choice("format", FileFormat.self)
        _ = try fields.integer("format_version", in: Self.formatVersion...Self.formatVersion)
        self.folder = folder
        kernel = try fields.text("kernel", limit: Self.nameBytes)
        inputs = try Self.tensors("inputs", &fields)
        outputs = try Self.tensors("outputs", &fields)
        layout = WordLayout(
            inputStride: try Self.stride("input_stride_bytes", inputs, &fields),
            outputStride: try Self.stride("output_stride_bytes", outputs, &fields)
        )
        maximumEvents = try fields.integer("maximum_events", in: 1...Self.mostEvents)
        timing = FirmwareTiming(
            initiationInterval: try fields.integer("initiation_interval", in: 1...Self.mostClocks),
            latencyClocks: try fields.integer("latency_clocks", in: 0...Self.mostClocks),
            clockMegahertz: try fields.positive("clock_megahertz")
        )
        resources = try Self.resources(&fields)
        tools = try Self.tools(&fields)
        let inputPorts = inputs.flatMap(\.ports)
        let outputPorts = outputs.flatMap(\.ports)
        let programFile = try Self.file("program", folder, limit: DAISProgram.fileBytes, &fields)
        program = try DAISProgram(
            programFile.bytes,
            file: programFile.name,
            inputs: inputPorts,
            outputs: outputPorts
        )
        golden = try Self.golden(folder, inputPorts, outputPorts, &fields)
        try fields.finish()
    }

    private static func tensors(
        _ key: String,
        _ fields: inout JSONFields
    ) throws(FirmwareError) -> [FirmwareTensor] {
        var tensors: [FirmwareTensor] = []
        for var member in try fields.objects(key, count: 1...maximumTensors) {
            let name = try member.text("name", limit: nameBytes)
            guard !tensors.contains(where: { $0.name == name }) else {
                throw FirmwareError(
                    member.place("name"),
                    found: "\(FirmwareError.quote(name)) again",
                    allowed: "each name once"
                )
            }
            let words = 1...WordLayout.maximumWords
            let shape = try member.integers("shape", count: 0...maximumRank, in: words)
            // Neither factor is large, nor are there many.
            let count = shape.reduce(1, *)
            guard words.contains(count) else {
                throw FirmwareError(
                    member.place("shape"),
                    found: "\(count) values",
                    allowed: "at most \(WordLayout.maximumWords)"
                )
            }
            var ports: [FixedPointFormat] = []
            for var port in try member.objects("ports", count: count...count) {
                ports.append(try format(&port))
            }
            try member.finish()
            tensors.append(FirmwareTensor(name: name, shape: shape, ports: ports))
        }
        return tensors
    }

    private static func format(
        _ fields: inout JSONFields
    ) throws(FirmwareError) -> FixedPointFormat {
        enum Rounding: String, CaseIterable { case floor }
        let point = -FixedPointFormat.maximumPoint...FixedPointFormat.maximumPoint
        let isSigned = try fields.flag("signed")
        let integer = try fields.integer("integer", in: point)
        let fraction = try fields.integer("fraction", in: point)
        _ = try fields.choice("rounding", Rounding.self)
        let overflow = try fields.choice("overflow", FixedPointFormat.Overflow.self)
        try fields.finish()
        let width = (isSigned ? 1 : 0) + integer + fraction
        guard (0...FixedPointFormat.maximumWidth).contains(width) else {
            throw FirmwareError(
                fields.place("fraction"),
                found: "\(fraction), which makes the port \(width) bits wide",
                allowed: "0 to \(FixedPointFormat.maximumWidth) bits with integer and sign"
            )
        }
        return FixedPointFormat(
            isSigned: isSigned,
            integerBits: integer,
            fractionBits: fraction,
            overflow: overflow
        )
    }

    private static func stride(
        _ key: String,
        _ tensors: [FirmwareTensor],
        _ fields: inout JSONFields
    ) throws(FirmwareError) -> Int {
        let words = tensors.reduce(0) { $0 + $1.ports.count }
        let stride = try fields.integer(key, in: 0...Int(Int32.max))
        let fitting = strides.filter { $0 >= words * WordLayout.wordBytes }
        guard fitting.contains(stride) else {
            throw FirmwareError(
                fields.place(key),
                found: "\(stride)",
                allowed: fitting.isEmpty
                    ? "at most \(WordLayout.maximumWords) ports an event, here are \(words)"
                    : fitting.map(String.init).joined(separator: " or ") + " for \(words) ports"
            )
        }
        return stride
    }

    private static func resources(
        _ fields: inout JSONFields
    ) throws(FirmwareError) -> FirmwareResources {
        var member = try fields.object("resources")
        let resources = FirmwareResources(
            lookupTables: try member.integer("lut", in: 0...mostResources),
            flipFlops: try member.integer("ff", in: 0...mostResources),
            multipliers: try member.integer("dsp", in: 0...mostResources),
            estimatedBy: try member.text("estimated_by", limit: nameBytes)
        )
        try member.finish()
        return resources
    }

    private static func tools(_ fields: inout JSONFields) throws(FirmwareError) -> FirmwareTools {
        var member = try fields.object("made_by")
        let tools = FirmwareTools(
            da4ml: try member.text("da4ml", limit: nameBytes),
            hgq2: try member.text("hgq2", limit: nameBytes)
        )
        try member.finish()
        return tools
    }

    private static func golden(
        _ folder: String,
        _ inputs: [FixedPointFormat],
        _ outputs: [FixedPointFormat],
        _ fields: inout JSONFields
    ) throws(FirmwareError) -> GoldenWords {
        var member = try fields.object("golden")
        let events = try member.integer("events", in: 1...mostEvents)
        let file = try Self.file(in: folder, limit: GoldenWords.fileBytes, &member)
        try member.finish()
        return try GoldenWords(
            file.bytes,
            file: file.name,
            events: events,
            inputs: inputs,
            outputs: outputs
        )
    }

    /// A file that an object with nothing else names.
    private static func file(
        _ key: String,
        _ folder: String,
        limit: Int,
        _ fields: inout JSONFields
    ) throws(FirmwareError) -> (name: String, bytes: [UInt8]) {
        var member = try fields.object(key)
        let file = try Self.file(in: folder, limit: limit, &member)
        try member.finish()
        return file
    }

    /// A file that an object names, whose digest must be the object's.
    private static func file(
        in folder: String,
        limit: Int,
        _ fields: inout JSONFields
    ) throws(FirmwareError) -> (name: String, bytes: [UInt8]) {
        let name = try fields.text("file", limit: nameBytes)
        guard !name.contains("/"), !name.hasPrefix(".") else {
            throw FirmwareError(
                fields.place("file"),
                found: FirmwareError.quote(name),
                allowed: "the name of a file in the same folder"
            )
        }
        let stated = try fields.text("sha256", limit: nameBytes)
        let bytes = try FirmwareFile.bytes(name, in: folder, limit: limit)
        let digest = Digest.hexadecimal(of: bytes)
        guard stated == digest else {
            throw FirmwareError(
                fields.place("sha256"),
                found: FirmwareError.quote(stated),
                allowed: "\"\(digest)\", which is \(name)'s"
            )
        }
        return (name, bytes)
    }
}

extension WordLayout {
    /// Bytes of a word.
    static let wordBytes = 4
    /// Most words of an event, each way: a transfer of 64 bytes.
    static let maximumWords = 16
}
