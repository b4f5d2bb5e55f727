internal import StrictYAML
internal import Tensors

/// Reads `model.yaml`, strictly.
struct ManifestReader {
    private enum SessionKind: String, CaseIterable { case shared, each }

    static func read(_ bytes: [UInt8], file: String, folderName: String) throws(YAMLError)
        -> Manifest
    {
        var top = try YAMLDocument.mapping(bytes, file: file)
        let nameValue = try top.require("name")
        let name = try nameValue.string(maximumBytes: 100)
        guard name == folderName else {
            throw nameValue.error("found '\(name)', allowed is the folder's name '\(folderName)'")
        }
        guard FolderName.isAllowed(name) else {
            throw nameValue.error("found '\(name)', allowed are \(FolderName.allowed)")
        }
        let summary = try top.take("summary")?.string(maximumBytes: 4096) ?? ""
        let task = try top.require("task").choice(Manifest.Task.self)
        let engineValue = try top.require("engine")
        let engine = try engineValue.choice(Manifest.EngineKind.self)
        let artefact = try readArtefact(top.take("artefact"), engine: engine)
        let device = try readDevice(top.take("device"), engine: engine)
        let fallsBackToCPU = try readFallback(top.take("fallback"), device: device)
        let firmware = try readFirmware(top.take("firmware"), engine: engine)
        let arithmetic = try ArithmeticKeys(&top, engine: engine)
        let precision = arithmetic.precision
        let isRequired = try top.take("required")?.bool() ?? true
        let versions = try top.take("versions")?.int(in: 1...8) ?? 1
        let instances = try top.take("instances")?.int(in: 1...64) ?? 1
        let session = try top.take("session")?.choice(SessionKind.self)
        let threads = try top.take("threads")?.int(in: 1...256) ?? 1
        let providerOptions = try readProviderOptions(
            top.take("provider_options"),
            device: device
        )
        let isReproducible = try top.take("reproducible")?.bool() ?? true
        let card = try CardKeys(
            &top,
            device: device,
            isReproducible: isReproducible,
            session: session?.rawValue,
            providerOptions: providerOptions
        )
        let batching = try BatchingKeys(top.take("batching"))
        let queue = try QueueKeys(top.take("queue"))

        var inputs: [Manifest.Input] = []
        for value in try top.require("inputs").list(count: 1...8) {
            inputs.append(
                try InputReader.read(value, engine: engine, precision: precision)
            )
        }
        var outputs: [Manifest.Output] = []
        for value in try top.require("outputs").list(count: 1...16) {
            outputs.append(try readOutput(value))
        }
        try requireUnique(inputs.map(\.signature.name), in: "inputs", top)
        try requireUnique(outputs.map(\.signature.name), in: "outputs", top)
        let uncertainty = try UncertaintyReader.read(
            top.take("uncertainty"),
            task: task,
            inputs: inputs,
            outputs: outputs
        )
        let truths = try TruthsReader.read(
            top.take("truths"),
            task: task,
            uncertainty: uncertainty
        )
        let monitored = try readMonitored(top.take("monitored"), inputs: inputs, outputs: outputs)
        let explanation = try ExplanationReader.read(
            top.take("explain"),
            engine: engine,
            inputs: inputs,
            outputs: outputs
        )
        try top.finish()
        return Manifest(
            name: name,
            summary: summary,
            task: task,
            engine: engine,
            artefact: artefact,
            device: device,
            fallsBackToCPU: fallsBackToCPU,
            precision: precision,
            thresholds: arithmetic.thresholds,
            isRequired: isRequired,
            versions: versions,
            instances: instances,
            sharesSession: session != .each && !card.usesGraphs,
            threads: threads,
            firmware: firmware,
            providerOptions: providerOptions,
            usesGraphs: card.usesGraphs,
            pinsMemory: card.pinsMemory,
            memoryMebibytes: card.memoryMebibytes,
            maximumRows: batching.maximumRows,
            delay: batching.delay,
            queueRequests: queue.requests,
            queueBytes: queue.bytes,
            requestRows: queue.rows,
            inputs: inputs,
            outputs: outputs,
            requiresCalibration: uncertainty.isRequired,
            coverage: uncertainty.coverage,
            uncertainty: uncertainty.entries,
            regions: uncertainty.regions,
            truths: truths,
            monitored: monitored,
            explanation: explanation,
            isReproducible: isReproducible
        )
    }

    private static func readArtefact(
        _ value: YAMLValue?,
        engine: Manifest.EngineKind
    ) throws(YAMLError) -> String {
        guard let value else { return engine.artefact }
        return try readFileName(value)
    }

    /// A file in the version's folder.
    static func readFileName(_ value: YAMLValue) throws(YAMLError) -> String {
        let name = try value.string(maximumBytes: 200)
        guard !name.contains("/"), name != ".", name != ".." else {
            throw value.error("found '\(name)', allowed is a file name inside the version's folder")
        }
        return name
    }

    private static func readDevice(
        _ value: YAMLValue?,
        engine: Manifest.EngineKind
    ) throws(YAMLError) -> Device {
        guard let value else { return engine == .firmware ? .firmwareSoftware : .cpu }
        let text = try value.string(maximumBytes: 40)
        guard let device = Device(text), engine.devices.contains(device.kind) else {
            let allowed = engine.devices.map {
                $0.isNumbered ? "\($0.rawValue):0 ..." : $0.rawValue
            }
            throw value.error(
                "found '\(text)', allowed for \(engine.rawValue) are \(allowed.joined(separator: ", "))"
            )
        }
        return device
    }

    private static func readFallback(
        _ value: YAMLValue?,
        device: Device
    ) throws(YAMLError) -> Bool {
        guard let value else { return false }
        let text = try value.string(maximumBytes: 40)
        guard text == Device.cpu.text, device.isGraphicsCard else {
            throw value.error(
                device.isGraphicsCard
                    ? "found '\(text)', allowed is cpu"
                    : "\(device.text) needs none: it is for models on cuda or tensorrt"
            )
        }
        return true
    }

    private static func readFirmware(
        _ value: YAMLValue?,
        engine: Manifest.EngineKind
    ) throws(YAMLError) -> Manifest.FirmwareRun {
        guard let value else { return .init(software: .interpreter, runMilliseconds: 200) }
        guard engine == .firmware else {
            throw value.error("the engine is \(engine.rawValue), allowed is firmware")
        }
        var mapping = try value.mapping()
        let software = try mapping.take("software")?.choice(Manifest.FirmwareRun.Software.self)
        let milliseconds = try mapping.take("run_milliseconds")?.int(in: 1...60_000)
        try mapping.finish()
        return .init(software: software ?? .interpreter, runMilliseconds: milliseconds ?? 200)
    }

    /// Options of CUDA and TensorRT that record a run as a graph: ONNX Runtime then replays the
    /// recorded shape for every other one.
    private static let graphOptions: Set<String> = ["enable_cuda_graph", "trt_cuda_graph_enable"]

    private static func readProviderOptions(
        _ value: YAMLValue?,
        device: Device
    ) throws(YAMLError) -> [String: String] {
        guard let value else { return [:] }
        guard device.isGraphicsCard else {
            throw value.error("\(device.text) has no provider options")
        }
        var mapping = try value.mapping()
        var options: [String: String] = [:]
        for (name, value) in mapping.takeAll() {
            let text = try value.string(allowsEmpty: true)
            guard !graphOptions.contains(name) || text == "0" else {
                throw value.error(
                    "found '\(text)', allowed is 0: a CUDA graph replays one shape at fixed addresses,"
                        + " for which there is the key graphs"
                )
            }
            options[name] = text
        }
        return options
    }

    private static func readOutput(_ value: YAMLValue) throws(YAMLError) -> Manifest.Output {
        var mapping = try value.mapping()
        let signature = try SignatureReader.read(&mapping)
        let unit = try mapping.take("unit")?.string(maximumBytes: 40) ?? "1"
        let meaning = try mapping.take("meaning")?.string(maximumBytes: 1000) ?? ""
        try mapping.finish()
        return Manifest.Output(signature: signature, unit: unit, meaning: meaning)
    }

    private static func readMonitored(
        _ value: YAMLValue?,
        inputs: [Manifest.Input],
        outputs: [Manifest.Output]
    ) throws(YAMLError) -> [String] {
        guard let value else { return [] }
        let known = Set(
            inputs.flatMap { $0.features.map(\.name) } + outputs.map(\.signature.name)
        )
        var names: [String] = []
        for entry in try value.list(count: 0...32) {
            let name = try entry.string(maximumBytes: 100)
            let input = inputs.first { $0.features.contains { $0.name == name } }
            if let type = input?.signature.type, type != .float32 {
                throw entry.error(
                    "found '\(name)' of \(type.name), allowed are features of float32"
                )
            }
            guard known.contains(name) else {
                throw entry.error(
                    "found '\(name)', allowed are features and outputs: \(known.sorted().joined(separator: ", "))"
                )
            }
            names.append(name)
        }
        return names
    }

    private static func requireUnique(
        _ names: [String],
        in list: String,
        _ top: YAMLMapping
    ) throws(YAMLError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw top.error("\(list): the name '\(name)' stands twice")
        }
    }
}

/// Keys of `batching`.
private struct BatchingKeys {
    var maximumRows = 256
    var delay = Manifest.Delay.chosen

    init(_ value: YAMLValue?) throws(YAMLError) {
        guard var mapping = try value?.mapping() else { return }
        maximumRows = try mapping.take("maximum_rows")?.int(in: 1...16_384) ?? maximumRows
        if let value = mapping.take("delay_microseconds") {
            let microseconds = try value.int(in: 0...1_000_000, or: "auto")
            delay = microseconds.map { .fixed(microseconds: $0) } ?? .chosen
        }
        try mapping.finish()
    }
}

/// Keys of `queue`.
private struct QueueKeys {
    var requests = 1024
    var bytes = 256 << 20
    var rows = 65_536

    init(_ value: YAMLValue?) throws(YAMLError) {
        guard var mapping = try value?.mapping() else { return }
        requests = try mapping.take("requests")?.int(in: 1...1_000_000) ?? requests
        bytes =
            try mapping.take("mebibytes").map { value throws(YAMLError) in
                try value.int(in: 1...1_048_576) << 20
            } ?? bytes
        rows = try mapping.take("request_rows")?.int(in: 1...16_777_216) ?? rows
        try mapping.finish()
    }
}

/// Keys that every tensor has.
enum SignatureReader {
    static func read(_ mapping: inout YAMLMapping) throws(YAMLError) -> TensorSignature {
        let name = try mapping.require("name").string(maximumBytes: 200)
        var type = ElementType.float32
        if let value = mapping.take("type") {
            let text = try value.string(maximumBytes: 20)
            guard let known = ElementType(name: text) else {
                let allowed = ElementType.allCases.map(\.name).joined(separator: ", ")
                throw value.error("found '\(text)', allowed are \(allowed)")
            }
            type = known
        }
        var shape: [Int] = []
        if let value = mapping.take("shape") {
            for entry in try value.list(count: 0...(LentTensor.maximumRank - 1)) {
                shape.append(try entry.int(in: 1...1_000_000))
            }
            guard shape.reduce(1.0, { $0 * Double($1) }) <= 16_777_216 else {
                throw value.error("found \(shape), allowed are 16777216 elements an event")
            }
        }
        return TensorSignature(name: name, type: type, shape: shape)
    }
}
