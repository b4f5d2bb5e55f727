import Catalog
import Tensors
import Testing

@Suite struct ManifestTests {
    @Test func `What is left out has its default`() throws {
        let manifest = try ModelText.manifest(ModelText.least())
        #expect(manifest.name == "m")
        #expect(manifest.summary == "")
        #expect(manifest.task == .regression)
        #expect(manifest.engine == .onnx)
        #expect(manifest.artefact == "model.onnx")
        #expect(manifest.device.text == "cpu")
        #expect(manifest.precision == .float32)
        #expect(manifest.isRequired)
        #expect(manifest.versions == 1)
        #expect(manifest.instances == 1)
        #expect(manifest.sharesSession)
        #expect(manifest.threads == 1)
        #expect(manifest.providerOptions.isEmpty)
        #expect(!manifest.usesGraphs && manifest.pinsMemory && manifest.memoryMebibytes == nil)
        #expect(manifest.maximumRows == 256)
        #expect(manifest.delay == .chosen)
        #expect(manifest.queueRequests == 1024)
        #expect(manifest.queueBytes == 256 << 20)
        #expect(manifest.requestRows == 65_536)
        #expect(!manifest.requiresCalibration)
        #expect(manifest.coverage == 0.9)
        #expect(manifest.uncertainty.isEmpty)
        #expect(manifest.monitored.isEmpty)
        #expect(manifest.isReproducible)
        #expect(manifest.inputs.count == 1)
        let input = manifest.inputs[0]
        #expect(input.signature == TensorSignature(name: "x", type: .float32, shape: []))
        #expect(input.unit == "1")
        #expect(input.meaning == "")
        #expect(input.features.isEmpty)
        #expect(input.nonfinite == .refuse)
        #expect(input.range == 0...1)
        #expect(input.raggedMaximum == nil)
        #expect(manifest.outputs.count == 1)
        #expect(manifest.outputs[0].signature.text == "float32[batch]")
        #expect(manifest.outputs[0].unit == "1")
        #expect(manifest.outputs[0].meaning == "")
    }

    @Test func `A tree's artefact is model.json`() throws {
        let text = ModelText.least(["engine": "tree"])
        let manifest = try ModelText.manifest(text, artefact: "model.json")
        #expect(manifest.engine == .tree)
        #expect(manifest.artefact == "model.json")
    }

    @Test func `Lanes of a CUDA graph have a session each`() throws {
        let keys = ["device": "cuda:1", "graphs": "true"]
        let manifest = try ModelText.manifest(ModelText.least(keys))
        #expect(manifest.usesGraphs && manifest.hasSingleShape && !manifest.sharesSession)
        let without = ModelText.least(["device": "cuda:1", "graphs": "false"])
        #expect(try ModelText.manifest(without).sharesSession)
    }

    @Test func `A card's memory may be limited, and the host's not pinned`() throws {
        let keys = ["device": "cuda:0", "memory_mebibytes": "512", "pinned": "false"]
        let manifest = try ModelText.manifest(ModelText.least(keys))
        #expect(manifest.memoryMebibytes == 512 && !manifest.pinsMemory)
    }

    @Test func `Firmware is software unless a card is named`() throws {
        let text = ModelText.least(["engine": "firmware"])
        let manifest = try ModelText.manifest(text, artefact: "firmware.json")
        #expect(manifest.device == .firmwareSoftware)
        #expect(manifest.precision == .fixed)
        #expect(manifest.firmware == .init(software: .interpreter, runMilliseconds: 200))
        #expect(manifest.isFixedPoint && !manifest.hasSingleShape)
        let card = ModelText.least([
            "engine": "firmware", "device": "xrt-emulated:3",
            "firmware": "{software: library, run_milliseconds: 5}",
        ])
        let other = try ModelText.manifest(card, artefact: "firmware.json")
        #expect(other.device.text == "xrt-emulated:3" && other.device.isFirmwareCard)
        #expect(other.device.deviceClass == .firmware)
        #expect(other.firmware == .init(software: .library, runMilliseconds: 5))
    }

    static let everything = """
        name: m
        summary: what it is
        task: regression
        engine: onnx
        artefact: net.onnx
        device: cuda:3
        precision: float16
        required: false
        versions: 2
        instances: 3
        session: each
        threads: 4
        provider_options: {arena: "1", empty: ""}
        reproducible: false
        batching: {maximum_rows: 512, delay_microseconds: 50}
        queue: {requests: 5, mebibytes: 6, request_rows: 7}
        inputs:
          - name: f
            shape: [2]
            unit: phd
            meaning: pulse areas
            range: [-1, 2.5]
            features:
              - {name: a, unit: us, range: [3, 4]}
              - {name: b}
            nonfinite: flag
          - {name: r, type: float64, shape: [10, 3], ragged: {maximum: 10}}
          - {name: i, type: int64}
        outputs:
          - {name: x, unit: mm, meaning: place}
          - {name: x_low}
          - {name: x_high}
          - {name: s, shape: [1]}
          - {name: v, type: float16, shape: [2, 3]}
        uncertainty:
          required: false
          coverage: 0.68
          outputs:
            - output: x
              method: cqr-asymmetric
              lower: x_low
              upper: x_high
              truth: true_x
              bins: {output: s, edges: [-1, 0.5, 7]}
            - output: s
              method: absolute
              truth: true_s
              bins: {input: f, feature: b, edges: [1]}
        monitored: [a, x, s]
        """

    @Test func `Every key is taken`() throws {
        let manifest = try ModelText.manifest(Self.everything, artefact: "net.onnx")
        #expect(manifest.summary == "what it is")
        #expect(manifest.artefact == "net.onnx")
        #expect(manifest.device == Device("cuda:3"))
        #expect(manifest.precision == .float16)
        #expect(!manifest.isRequired)
        #expect(manifest.versions == 2)
        #expect(manifest.instances == 3)
        #expect(!manifest.sharesSession)
        #expect(manifest.threads == 4)
        #expect(manifest.providerOptions == ["arena": "1", "empty": ""])
        #expect(!manifest.isReproducible)
        #expect(manifest.maximumRows == 512)
        #expect(manifest.delay == .fixed(microseconds: 50))
        #expect(manifest.queueRequests == 5)
        #expect(manifest.queueBytes == 6 << 20)
        #expect(manifest.requestRows == 7)
        let names = manifest.inputs.map(\.signature.text)
        #expect(names == ["float32[batch, 2]", "float64[batch, 10, 3]", "int64[batch]"])
        #expect(manifest.inputs[0].unit == "phd")
        #expect(manifest.inputs[0].meaning == "pulse areas")
        #expect(manifest.inputs[0].range == -1...2.5)
        #expect(manifest.inputs[0].nonfinite == .flag)
        #expect(manifest.inputs[0].features.map(\.name) == ["a", "b"])
        #expect(manifest.inputs[0].features.map(\.unit) == ["us", "1"])
        #expect(manifest.inputs[0].features.map(\.range) == [3...4, nil])
        #expect(manifest.inputs[1].raggedMaximum == 10)
        #expect(manifest.outputs.map(\.signature.name) == ["x", "x_low", "x_high", "s", "v"])
        #expect(manifest.outputs[0].unit == "mm" && manifest.outputs[0].meaning == "place")
        #expect(manifest.outputs[4].signature.text == "float16[batch, 2, 3]")
        #expect(!manifest.requiresCalibration)
        #expect(manifest.coverage == 0.68)
        #expect(manifest.monitored == ["a", "x", "s"])
    }

    @Test func `Uncertainty is taken with its columns`() throws {
        let entries = try ModelText.manifest(Self.everything, artefact: "net.onnx").uncertainty
        #expect(entries.count == 2)
        #expect(entries[0].output == "x" && entries[0].method == .cqrAsymmetric)
        #expect(entries[0].lower == "x_low" && entries[0].upper == "x_high")
        #expect(entries[0].sigma == nil)
        #expect(entries[0].truth == "true_x")
        #expect(entries[0].bins.map(\.column) == [.output("s")])
        #expect(entries[0].bins.map(\.edges) == [[-1, 0.5, 7]])
        #expect(entries[0].side == .both)
        #expect(entries[0].classes.isEmpty)
        #expect(entries[1].method == .absolute)
        #expect(entries[1].lower == nil && entries[1].upper == nil)
        #expect(entries[1].bins.map(\.column) == [.input(tensor: "f", feature: "b")])
    }

    @Test(
        "Classes and a column of the request are taken",
        arguments: [
            ("binary", "venn-abers", "[{name: er, labels: [0]}, {name: nr, labels: [1, 2.5]}]", 2),
            ("anomaly", "p-value", "[{name: normal, labels: [0, -1]}]", 1),
        ]
    )
    func classes(task: String, method: String, classes: String, count: Int) throws {
        let entry =
            "output: y, method: \(method), truth: kind, classes: \(classes), "
            + "bins: {request: s1c, edges: [1]}"
        let text = ModelText.least(["task": task, "uncertainty": "{outputs: [{\(entry)}]}"])
        let manifest = try ModelText.manifest(text)
        #expect(manifest.requiresCalibration)
        #expect(manifest.uncertainty[0].method.rawValue == method)
        #expect(manifest.uncertainty[0].classes.count == count)
        let labels = manifest.uncertainty[0].classes.last?.labels
        #expect(labels == (count == 2 ? [1, 2.5] : [0, -1]))
        #expect(manifest.uncertainty[0].bins.map(\.column) == [.request("s1c")])
    }

    @Test func `Two columns are cut, and a limit has one side`() throws {
        let entry =
            "output: y, method: absolute, side: upper, truth: e, "
            + "bins: [{request: s1c, edges: [1, 2]}, {output: y, edges: [0]}]"
        let text = ModelText.least(["uncertainty": "{outputs: [{\(entry)}]}"])
        let found = try ModelText.manifest(text).uncertainty[0]
        #expect(found.bins.map(\.column) == [.request("s1c"), .output("y")])
        #expect(found.bins.map(\.edges) == [[1, 2], [0]])
        #expect(found.side == .upper)
    }

    @Test("Every type of elements has a name", arguments: ElementType.allCases)
    func types(type: ElementType) throws {
        let text = ModelText.least(["inputs": "[{name: x, type: \(type.name)}]"])
        #expect(try ModelText.manifest(text).inputs[0].signature.type == type)
    }
}
