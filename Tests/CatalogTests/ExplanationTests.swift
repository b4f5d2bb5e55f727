import Catalog
import TestSupport
import Testing

@Suite struct ExplanationTests {
    static let vector = "[{name: x, shape: [3], features: [{name: a}, {name: b}, {name: c}]}]"
    static let wide = "[{name: x, shape: [11]}]"
    static let image = "[{name: x, shape: [2, 6, 8]}]"
    static let outputs =
        "[{name: margin}, {name: y, shape: [1]}, {name: pulls, shape: [3]}, {name: whole, type: int64}]"

    static func text(
        _ explain: String,
        engine: String = "onnx",
        inputs: String = vector
    ) -> String {
        ModelText.least([
            "engine": engine, "inputs": inputs, "outputs": outputs, "explain": explain,
        ])
    }

    private func explanation(
        _ explain: String,
        engine: String = "onnx",
        inputs: String = vector
    ) throws -> Manifest.Explanation? {
        try ModelText.manifest(
            Self.text(explain, engine: engine, inputs: inputs),
            artefact: engine == "onnx" ? "model.onnx" : "model.json"
        ).explanation
    }

    @Test func `Nothing is explained unless the manifest says how`() throws {
        #expect(try ModelText.manifest(ModelText.least()).explanation == nil)
    }

    @Test func `Every method is read with what it is usually done with`() throws {
        let tree = try explanation("{output: margin, method: tree-path}", engine: "tree")
        #expect(tree?.method == .treePath)
        #expect(tree?.output == "margin")
        #expect(tree?.seconds == 10)
        #expect(tree?.usesBackground == false)
        let other = try explanation("{output: margin, method: tree-interventional}", engine: "tree")
        #expect(other?.method == .treeInterventional)
        #expect(other?.usesBackground == true)
        #expect(
            try explanation("{output: y, method: shapley, seconds: 0.5}")?.seconds == 0.5
        )
        #expect(
            try explanation("{output: y, method: shapley}", inputs: Self.wide)?.method
                == .shapley(permutations: 64)
        )
        #expect(
            try explanation("{output: y, method: shapley, permutations: 9}", inputs: Self.wide)?
                .method == .shapley(permutations: 9)
        )
        #expect(try explanation("{output: y, method: occlusion}")?.method == .occlusion(.each))
        #expect(
            try explanation("{output: y, method: occlusion, patch: 3}", inputs: Self.image)?.method
                == .occlusion(.patches(side: 3))
        )
        let gradient = try explanation("{output: y, method: gradient-input, gradient: g.onnx}")
        #expect(gradient?.method == .gradientInput(gradient: "g.onnx"))
        #expect(gradient?.gradient == "g.onnx")
        #expect(
            try explanation("{output: y, method: integrated-gradients, gradient: g.onnx}")?.method
                == .integratedGradients(gradient: "g.onnx", steps: 32)
        )
        let pulls = try explanation(
            "{method: pulls, pulls: pulls}",
            inputs: "[{name: x}, {name: z}]"
        )
        #expect(pulls?.method == .pulls)
        #expect(pulls?.output == "pulls")
    }

    @Test func `Groups are of features by name, in the order that they stand`() throws {
        let found = try explanation("{output: y, method: occlusion, groups: {z: [c, a], one: [b]}}")
        guard case .occlusion(.named(let groups)) = found?.method else {
            Issue.record("no groups")
            return
        }
        #expect(groups.map(\.name) == ["z", "one"])
        #expect(groups.map(\.features) == [[2, 0], [1]])
    }

    static let refusals: [(String, String)] = [
        ("1", "explain: found '1', allowed is a mapping"),
        ("{output: y}", "explain: the key 'method' is missing"),
        ("{method: shapley}", "explain: the key 'output' is missing"),
        ("{output: y, method: lime}", "explain.method: found 'lime', allowed are tree-path"),
        ("{output: z, method: shapley}", "explain.output: found 'z', allowed for shapley"),
        ("{output: pulls, method: shapley}", "outputs of one number an event: margin, y"),
        ("{output: whole, method: occlusion}", "found 'whole', allowed for occlusion"),
        (
            "{output: y, method: shapley, seconds: 0}",
            "explain.seconds: found 0.0, allowed are 0.001"
        ),
        ("{output: y, method: shapley, seconds: 601}", "allowed are 0.001 to 600.0"),
        ("{output: y, method: shapley, rows: 3}", "explain.rows: unknown key 'rows'"),
        (
            "{output: y, method: shapley, permutations: 9}",
            "permutations of 3 features, allowed above 10"
        ),
        ("{output: margin, method: tree-path}", "found tree-path, allowed for onnx are shapley"),
        ("{output: y, method: tree-path}", "found 'y', allowed for tree-path is margin"),
        ("{output: y, method: occlusion, patch: 2}", "explain.patch: patches are for images"),
        ("{output: y, method: occlusion, groups: {}}", "found 0 groups, allowed are 1 to 4096"),
        ("{output: y, method: occlusion, groups: {g: [d]}}", "found 'd', allowed are a, b, c"),
        ("{output: y, method: occlusion, groups: {g: [a], h: [a]}}", "'a' stands twice"),
        ("{output: y, method: occlusion, groups: {g: [a, a]}}", "'a' stands twice"),
        ("{output: y, method: occlusion, groups: {g: []}}", "found 0 entries, allowed are 1 to 3"),
        ("{output: y, method: occlusion, groups: [a]}", "explain.groups: found a list of 1"),
        ("{output: y, method: gradient-input}", "explain: the key 'gradient' is missing"),
        ("{output: y, method: gradient-input, gradient: ../g}", "allowed is a file name inside"),
        (
            "{output: y, method: integrated-gradients, gradient: g, steps: 257}",
            "explain.steps: found 257, allowed are 1 to 256"
        ),
        ("{output: y, method: gradient-input, gradient: g, steps: 3}", "unknown key 'steps'"),
        ("{method: pulls}", "explain: the key 'pulls' is missing"),
        (
            "{method: pulls, pulls: whole}",
            "explain.pulls: found 'whole', allowed are outputs of float32"
        ),
        ("{output: y, method: pulls, pulls: pulls}", "explain.output: unknown key 'output'"),
    ]

    @Test("A wrong explanation is refused where it stands", arguments: refusals)
    func refused(explain: String, why: String) throws {
        let problem = try ModelText.problem(Self.text(explain))
        #expect(problem?.contains(why) ?? false, "\(problem ?? "none")")
    }

    static let inputRefusals: [(String, String, String)] = [
        ("[{name: x}, {name: z}]", "shapley", "found shapley and 2 inputs, allowed is one float32"),
        ("[{name: x, type: float64}]", "occlusion", "occlusion and float64 input"),
        (
            "[{name: x, shape: [3], ragged: {maximum: 3}}]", "shapley",
            "found shapley and a ragged float32 input"
        ),
        (image, "occlusion", "explain.method: the key 'patch' is missing"),
        (image, "occlusion, groups: {g: [a]}", "groups are for vectors"),
        (image, "occlusion, patch: 9", "explain.patch: found 9, allowed are 1 to 8"),
        (
            "[{name: x, shape: [2, 2, 2, 2]}]", "occlusion, patch: 1",
            "allowed are vectors and images"
        ),
        ("[{name: x, shape: [3]}]", "occlusion, groups: {g: [a]}", "the input names none"),
        (wide, "shapley, permutations: 1", "explain.permutations: found 1, allowed are 2 to 4096"),
    ]

    @Test("Inputs that a method cannot take apart are refused", arguments: inputRefusals)
    func refusedInput(inputs: String, method: String, why: String) throws {
        let text = Self.text("{output: y, method: \(method)}", inputs: inputs)
        let problem = try ModelText.problem(text)
        #expect(problem?.contains(why) ?? false, "\(problem ?? "none")")
    }

    @Test func `Trees have no gradients`() throws {
        let text = Self.text(
            "{output: y, method: gradient-input, gradient: g.onnx}",
            engine: "tree"
        )
        #expect(try ModelText.problem(text)?.contains("trees have no gradients") ?? false)
    }

    @Test func `Files are read that the method uses, and missed without a word against the model`()
        throws
    {
        let models = try ModelText()
        let explain = "{output: y, method: integrated-gradients, gradient: g.onnx}"
        try models.write(Self.text(explain))
        let lacking = try #require(try models.scan().sources.first)
        #expect(lacking.explanation?.gradient == nil)
        #expect(lacking.explanation?.problem?.contains("m/1/g.onnx: ") ?? false)
        try models.folder.write("m/1/g.onnx", "graph")
        let without = try #require(try models.scan().sources.first)
        #expect(without.explanation?.gradient?.bytes == Array("graph".utf8))
        #expect(without.explanation?.problem == nil)
        #expect(without.explanation?.background == nil)
        #expect(!without.isSame(as: lacking))
        try models.folder.write("m/1/background.json", "rows")
        let with = try #require(try models.scan().sources.first)
        #expect(with.explanation?.background?.bytes == Array("rows".utf8))
        #expect(!with.isSame(as: without))
        #expect(with.isSame(as: with.withoutArtefact))
        #expect(with.withoutArtefact.explanation?.background?.bytes.isEmpty ?? false)
        #expect(with.withoutArtefact.explanation?.gradient?.bytes.isEmpty ?? false)
    }

    @Test func `A background that no method uses is not read`() throws {
        let models = try ModelText()
        try models.write(Self.text("{method: pulls, pulls: pulls}"))
        try models.folder.write("m/1/background.json", "rows")
        #expect(try models.scan().sources.first?.explanation?.background == nil)
    }
}
