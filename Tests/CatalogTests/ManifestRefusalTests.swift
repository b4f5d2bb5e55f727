import Testing

@Suite struct ManifestRefusalTests {
    @Test(
        "A key that must be there is missed",
        arguments: ["name", "task", "engine", "inputs", "outputs"]
    )
    func missing(key: String) throws {
        let problem = try ModelText.problem(ModelText.least([key: nil]))
        #expect(problem == ":1: the key '\(key)' is missing")
    }

    static let values: [(String, String, String)] = [
        ("name", "other", "name: found 'other', allowed is the folder's name 'm'"),
        ("task", "guess", "task: found 'guess', allowed are regression, binary, classes, anomaly"),
        ("engine", "torch", "engine: found 'torch', allowed are onnx, tree, firmware"),
        ("artefact", "a/b", "artefact: found 'a/b', allowed is a file name"),
        ("artefact", "..", "artefact: found '..', allowed is a file name"),
        ("device", "gpu", "device: found 'gpu', allowed for onnx are cpu, cuda:0"),
        ("device", "cuda", "device: found 'cuda', allowed"),
        ("device", "cuda:64", "device: found 'cuda:64', allowed"),
        ("device", "cpu:0", "device: found 'cpu:0', allowed"),
        ("precision", "half", "precision: found 'half', allowed are float32"),
        ("required", "maybe", "required: found 'maybe', allowed is true or false"),
        ("versions", "0", "versions: found 0, allowed are 1 to 8"),
        ("versions", "9", "versions: found 9, allowed are 1 to 8"),
        ("instances", "65", "instances: found 65, allowed are 1 to 64"),
        ("session", "own", "session: found 'own', allowed are shared, each"),
        ("threads", "257", "threads: found 257, allowed are 1 to 256"),
        ("fallback", "cpu", "fallback: cpu needs none: it is for models on cuda or tensorrt"),
        ("provider_options", "{a: 1}", "provider_options: cpu has no provider options"),
        ("reproducible", "1", "reproducible: found '1', allowed is true or false"),
        ("batching", "{maximum_rows: 0}", "batching.maximum_rows: found 0, allowed are 1 to 16384"),
        ("batching", "{maximum_rows: 16385}", "batching.maximum_rows: found 16385"),
        ("batching", "{delay_microseconds: -1}", "batching.delay_microseconds: found -1"),
        ("batching", "{delay_microseconds: 1000001}", "allowed are 0 to 1000000, or auto"),
        ("batching", "{delay_microseconds: 'auto'}", "found 'auto', allowed are 0 to"),
        ("batching", "{delay_microseconds: soon}", "found 'soon', allowed are 0 to 1000000"),
        ("batching", "{rows: 1}", "batching.rows: unknown key 'rows'"),
        ("queue", "{requests: 0}", "queue.requests: found 0, allowed are 1 to 1000000"),
        (
            "queue", "{mebibytes: 1048577}",
            "queue.mebibytes: found 1048577, allowed are 1 to 1048576"
        ),
        ("queue", "{request_rows: 0}", "queue.request_rows: found 0, allowed are 1 to 16777216"),
        ("queue", "{bytes: 1}", "queue.bytes: unknown key 'bytes'"),
        ("inputs", "[]", "inputs: found 0 entries, allowed are 1 to 8"),
        ("inputs", "[{name: x}, {name: x}]", "inputs: the name 'x' stands twice"),
        ("inputs", "[{shape: [1]}]", "inputs[0]: the key 'name' is missing"),
        (
            "inputs", "[{name: x, type: float}]",
            "inputs[0].type: found 'float', allowed are float32"
        ),
        ("inputs", "[{name: x, shape: [0]}]", "inputs[0].shape[0]: found 0, allowed are 1 to"),
        ("inputs", "[{name: x, shape: [1,1,1,1,1,1,1,1]}]", "found 8 entries, allowed are 0 to 7"),
        ("inputs", "[{name: x, shape: [5000, 5000]}]", "allowed are 16777216 elements an event"),
        ("inputs", "[{name: x, range: [2, 1]}]", "range: found [2.0, 1.0], allowed is low <= high"),
        ("inputs", "[{name: x, range: [1]}]", "range: found 1 entries, allowed are 2 to 2"),
        ("inputs", "[{name: x, nonfinite: drop}]", "nonfinite: found 'drop', allowed are refuse"),
        ("inputs", "[{name: x, nonfinite: missing}]", "allowed for onnx are refuse, flag"),
        ("inputs", "[{name: x, features: [{name: a}]}]", "features are for one-dimensional inputs"),
        (
            "inputs", "[{name: x, shape: [2], features: [{name: a}]}]",
            "features: found 1 entries, allowed are 2 to 2"
        ),
        (
            "inputs", "[{name: x, shape: [2], features: [{name: a}, {name: a}]}]",
            "inputs[0].features[1].name: the name 'a' stands twice"
        ),
        (
            "inputs", "[{name: x, shape: [3], ragged: {maximum: 2}}]",
            "ragged.maximum: found 2, allowed is the first dimension of the shape [3]"
        ),
        ("inputs", "[{name: x, ragged: {maximum: 2}}]", "allowed is the first dimension"),
        ("inputs", "[{name: x, ragged: {}}]", "inputs[0].ragged: the key 'maximum' is missing"),
        ("outputs", "[{name: y, colour: 1}]", "outputs[0].colour: unknown key 'colour'"),
        ("outputs", "[{name: y}, {name: y}]", "outputs: the name 'y' stands twice"),
        ("monitored", "[z]", "monitored[0]: found 'z', allowed are features and outputs: y"),
        ("moniter", "[y]", "moniter: unknown key 'moniter', allowed are artefact, batching"),
    ]

    @Test("A wrong value is refused with line, key and what is allowed", arguments: values)
    func refuse(key: String, value: String, words: String) throws {
        let text = ModelText.least([key: value])
        let problem = try #require(try ModelText.problem(text))
        let lines = text.split(separator: "\n")
        let line = try #require(lines.firstIndex { $0.hasPrefix("\(key):") }) + 1
        #expect(problem.contains(words), "\(problem)")
        // Names that stand twice are found in the whole file.
        #expect(
            problem.hasPrefix(":\(line): ") || words.hasPrefix("\(key): the name"),
            "\(problem)"
        )
    }

    @Test func `A tree runs on the CPU`() throws {
        let text = ModelText.least(["engine": "tree", "device": "cuda:0"])
        let problem = try ModelText.problem(text)
        #expect(problem?.contains("device: found 'cuda:0', allowed for tree are cpu") ?? false)
    }

    static let firmware: [([String: String], String)] = [
        (
            ["device": "cpu"],
            "found 'cpu', allowed for firmware are firmware-software, xrt:0 ..., xrt-em"
        ),
        (["device": "xrt"], "device: found 'xrt', allowed for firmware"),
        (["device": "firmware-software:0"], "found 'firmware-software:0', allowed for firmware"),
        (["precision": "int8"], "precision: found 'int8', allowed for firmware is fixed"),
        (
            ["firmware": "{software: python}"],
            "firmware.software: found 'python', allowed are inter"
        ),
        (
            ["firmware": "{run_milliseconds: 0}"],
            "run_milliseconds: found 0, allowed are 1 to 60000"
        ),
        (["firmware": "{card: 1}"], "firmware.card: unknown key 'card', allowed are"),
        (["device": "xrt:0", "provider_options": "{a: 1}"], "xrt:0 has no provider options"),
    ]

    @Test("Firmware is fixed-point, on a card or as software", arguments: Self.firmware)
    func refuseFirmware(keys: [String: String], words: String) throws {
        let text = ModelText.least(keys.merging(["engine": "firmware"]) { $1 })
        let problem = try ModelText.problem(text)
        #expect(problem?.contains(words) ?? false, "\(problem ?? "")")
    }

    @Test func `Only firmware runs as firmware`() throws {
        let problem = try ModelText.problem(ModelText.least(["firmware": "{software: library}"]))
        #expect(problem?.contains("firmware: the engine is onnx, allowed is firmware") ?? false)
    }

    @Test(
        "Options that make graphs of one shape are refused",
        arguments: [("cuda:0", "enable_cuda_graph"), ("tensorrt:0", "trt_cuda_graph_enable")]
    )
    func graphOptions(device: String, option: String) throws {
        let text = ModelText.least([
            "device": device, "provider_options": "{\(option): '1'}", "reproducible": "false",
        ])
        let problem = try ModelText.problem(text)
        let words = "provider_options.\(option): found '1', allowed is 0: a CUDA graph replays"
        #expect(problem?.contains(words) ?? false, "\(problem ?? "")")
        let without = text.replacing("'1'", with: "'0'")
        #expect(try ModelText.problem(without) == nil)
    }

    static let cards: [([String: String], String)] = [
        (["device": "cpu", "pinned": "true"], "pinned: cpu has no such memory: it is for cuda"),
        (["pinned": "1"], "pinned: found '1', allowed is true or false"),
        (["device": "cpu", "memory_mebibytes": "9"], "memory_mebibytes: cpu has no such limit"),
        (
            ["device": "tensorrt:0", "memory_mebibytes": "9"],
            "memory_mebibytes: tensorrt has no such limit; trt_max_workspace_size of"
        ),
        (["memory_mebibytes": "0"], "memory_mebibytes: found 0, allowed are 1 to 1048576"),
        (
            ["memory_mebibytes": "9", "provider_options": "{gpu_mem_limit: '1'}"],
            "memory_mebibytes: provider_options.gpu_mem_limit stands too, allowed is one"
        ),
    ]

    @Test("Memory of a card and for it is told for cards alone", arguments: Self.cards)
    func refuseMemory(keys: [String: String], words: String) throws {
        let all = ["device": "cuda:0"].merging(keys) { $1 }
        let problem = try ModelText.problem(ModelText.least(all))
        #expect(problem?.contains(words) ?? false, "\(problem ?? "")")
    }

    static let graphs: [([String: String], String)] = [
        (["device": "cpu"], "graphs: found true for cpu, allowed is false but on cuda:0"),
        (["device": "tensorrt:0"], "graphs: found true for tensorrt:0, allowed is false"),
        (["reproducible": "false"], "graphs: found true, allowed is false without reproducible: "),
        (["session": "shared"], "graphs: found true, allowed is false with session: shared: "),
        (
            ["provider_options": "{user_compute_stream: '0', a: '1'}"],
            "graphs: found true, allowed is false with provider_options.user_compute_stream"
        ),
        (["graphs": "1"], "graphs: found '1', allowed is true or false"),
    ]

    @Test("A CUDA graph has one shape and one lane", arguments: Self.graphs)
    func refuseGraphs(keys: [String: String], words: String) throws {
        let all = ["device": "cuda:0", "graphs": "true"].merging(keys) { $1 }
        let problem = try ModelText.problem(ModelText.least(all))
        #expect(problem?.contains(words) ?? false, "\(problem ?? "")")
    }

    @Test func `No more tensors than a request may hold`() throws {
        let nine = (0..<9).map { "{name: t\($0)}" }.joined(separator: ", ")
        let inputs = try ModelText.problem(ModelText.least(["inputs": "[\(nine)]"]))
        #expect(inputs?.hasSuffix("inputs: found 9 entries, allowed are 1 to 8") ?? false)
        let many = (0..<17).map { "{name: t\($0)}" }.joined(separator: ", ")
        let outputs = try ModelText.problem(ModelText.least(["outputs": "[\(many)]"]))
        #expect(outputs?.hasSuffix("outputs: found 17 entries, allowed are 1 to 16") ?? false)
    }
}
