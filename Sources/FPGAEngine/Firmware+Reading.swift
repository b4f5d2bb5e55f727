internal import StrictJSON

extension Firmware {
    /// Of a description; one of 16 ports in and out takes some 4 KiB.
    ///
    /// Without escapes a file's name has no zero byte that would end it early.
    private static let limits = JSONLimits(bytes: 64 << 10, depth: 8, takesEscapes: false)
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
            sidecar: FirmwareFile.bytes(Self.fileName, in: folder, limit: Self.limits.bytes),
            folder: folder
        )
    }

    /// Reads a description and the files in `folder` that it names, and holds them against each other.
    public init(sidecar json: [UInt8], folder: String) throws(FirmwareError) {
        let programFile: FirmwareFile
        let goldenFile: FirmwareFile
        let goldenEvents: Int
        do throws(ContentError) {
            var fields = try JSONFields(file: json, limits: Self.limits)
            _ = try fields.choice("format", FileFormat.allCases)
            _ = try fields.integer("format_version", in: Self.formatVersion...Self.formatVersion)
            kernel = try fields.text("kernel", limit: Self.nameBytes)
            inputs = try Self.tensors("inputs", &fields)
            outputs = try Self.tensors("outputs", &fields)
            layout = WordLayout(
                inputStride: try Self.stride("input_stride_bytes", inputs, &fields),
                outputStride: try Self.stride("output_stride_bytes", outputs, &fields)
            )
            maximumEvents = try fields.integer("maximum_events", in: 1...Self.mostEvents)
            timing = FirmwareTiming(
                initiationInterval: try fields.integer(
                    "initiation_interval",
                    in: 1...Self.mostClocks
                ),
                latencyClocks: try fields.integer("latency_clocks", in: 0...Self.mostClocks),
                clockMegahertz: try fields.positive("clock_megahertz")
            )
            resources = try Self.resources(&fields)
            tools = try Self.tools(&fields)
            var program = try fields.object("program")
            programFile = try FirmwareFile(&program)
            try program.finish()
            var golden = try fields.object("golden")
            goldenEvents = try golden.integer("events", in: 1...Self.mostEvents)
            goldenFile = try FirmwareFile(&golden)
            try golden.finish()
            try fields.finish()
        } catch {
            throw FirmwareError(error, file: Self.fileName)
        }
        self.folder = folder
        let inputPorts = inputs.flatMap(\.ports)
        let outputPorts = outputs.flatMap(\.ports)
        program = try DAISProgram(
            programFile.bytes(in: folder, limit: DAISProgram.fileBytes),
            file: programFile.name,
            inputs: inputPorts,
            outputs: outputPorts
        )
        golden = try GoldenWords(
            goldenFile.bytes(in: folder, limit: GoldenWords.fileBytes),
            file: goldenFile.name,
            events: goldenEvents,
            inputs: inputPorts,
            outputs: outputPorts
        )
    }

    private static func tensors(
        _ key: String,
        _ fields: inout JSONFields
    ) throws(ContentError) -> [FirmwareTensor] {
        var tensors: [FirmwareTensor] = []
        for var member in try fields.objects(key, count: 1...maximumTensors) {
            let name = try member.text("name", limit: nameBytes)
            guard !tensors.contains(where: { $0.name == name }) else {
                throw ContentError(
                    member.path("name"),
                    found: "\"\(name)\" again",
                    allowed: "each name once"
                )
            }
            let words = 1...WordLayout.maximumWords
            let shape = try member.integers("shape", count: 0...maximumRank, in: words)
            // Neither factor is large, nor are there many.
            let count = shape.reduce(1, *)
            guard words.contains(count) else {
                throw ContentError(
                    member.path("shape"),
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
    ) throws(ContentError) -> FixedPointFormat {
        enum Rounding: String, CaseIterable { case floor }
        let point = -FixedPointFormat.maximumPoint...FixedPointFormat.maximumPoint
        let isSigned = try fields.flag("signed")
        let integer = try fields.integer("integer", in: point)
        let fraction = try fields.integer("fraction", in: point)
        _ = try fields.choice("rounding", Rounding.allCases)
        let overflow = try fields.choice("overflow", FixedPointFormat.Overflow.allCases)
        try fields.finish()
        let width = (isSigned ? 1 : 0) + integer + fraction
        guard (0...FixedPointFormat.maximumWidth).contains(width) else {
            throw ContentError(
                fields.path("fraction"),
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
    ) throws(ContentError) -> Int {
        let words = tensors.reduce(0) { $0 + $1.ports.count }
        let stride = try fields.integer(key, in: 0...Int(Int32.max))
        let fitting = strides.filter { $0 >= words * WordLayout.wordBytes }
        guard fitting.contains(stride) else {
            throw ContentError(
                fields.path(key),
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
    ) throws(ContentError) -> FirmwareResources {
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

    private static func tools(_ fields: inout JSONFields) throws(ContentError) -> FirmwareTools {
        var member = try fields.object("made_by")
        let tools = FirmwareTools(
            da4ml: try member.text("da4ml", limit: nameBytes),
            hgq2: try member.text("hgq2", limit: nameBytes)
        )
        try member.finish()
        return tools
    }
}

extension WordLayout {
    /// Bytes of a word.
    static let wordBytes = 4
    /// Most words of an event, each way: a transfer of 64 bytes.
    static let maximumWords = 16
}
