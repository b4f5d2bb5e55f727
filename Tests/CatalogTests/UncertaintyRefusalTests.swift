import Testing

@Suite struct UncertaintyRefusalTests {
    static let outputs =
        "[{name: y}, {name: low}, {name: wide, shape: [2]}, {name: whole, type: int64}]"
    static let inputs =
        "[{name: x, shape: [2], features: [{name: a}, {name: b}]}, {name: w, type: int64},"
        + " {name: bare}]"
    static let classes = "[{name: er, labels: [0]}, {name: nr, labels: [1]}]"

    static let many = many(4096)

    /// An axis with so many edges.
    static func many(_ count: Int) -> String {
        "{output: y, edges: [\((0..<count).map(String.init).joined(separator: ", "))]}"
    }

    static let regions: [(String, String)] = [
        ("{outputs: [y, low], coverages: [0.5, 0.9]}", ""),
        ("{outputs: [y, low]}", ""),
        ("{outputs: [y]}", "found 1 entries, allowed are 2 to 2"),
        ("{outputs: [y, y]}", "found 'y' twice"),
        ("{outputs: [y, high]}", "different bins"),
        ("{outputs: [y, far]}", "found the units mm and cm"),
        ("{outputs: [y, other]}", "found 'other', allowed are outputs with intervals: y, low"),
        ("{outputs: [y, low], coverages: [0.9, 0.5]}", "found 0.5 after 0.9"),
        ("{outputs: [y, low], coverages: [1]}", "allowed are 0.01 to 0.9999"),
        ("{outputs: [y, low], coverages: []}", "found 0 entries"),
        ("{outputs: [y, low], method: circle}", "unknown key 'method'"),
        ("{outputs: [y, low]}, {outputs: [y, low]}", "these two outputs stand twice"),
    ]

    static let sets: [(String, String)] = [
        ("method: lac", ""),
        ("method: aps", ""),
        ("method: raps, penalty: 0.1, free_ranks: 2", ""),
        ("method: raps, free_ranks: 2", "the key 'penalty' is missing"),
        ("method: raps, penalty: 0.1", "the key 'free_ranks' is missing"),
        ("method: raps, penalty: -1, free_ranks: 2", "allowed are 0"),
        ("method: raps, penalty: 1, free_ranks: 1025", "allowed are 0 to 1024"),
        ("method: aps, penalty: 1", "unknown key 'penalty'"),
        ("method: lac, side: upper", "unknown key 'side'"),
        ("method: cqr", "allowed for classes are lac, aps, raps"),
    ]

    @Test("Sets are of all classes of an output", arguments: sets)
    func set(method: String, words: String) throws {
        for output in ["{name: y, shape: [2]}", "{name: y, shape: [5, 2]}"] {
            let text = ModelText.least([
                "task": "classes", "outputs": "[\(output)]",
                "uncertainty":
                    "{outputs: [{output: y, \(method), truth: t, classes: \(Self.classes)}]}",
            ])
            let problem = try ModelText.problem(text)
            #expect(
                words.isEmpty ? problem == nil : problem?.contains(words) == true,
                "\(problem ?? "")"
            )
        }
    }

    static let weights: [(String, String)] = [
        ("absolute, weight: {request: w}", ""),
        ("absolute, weight: {request: w, edges: [1, 2]}", ""),
        ("absolute, weight: {input: x, feature: a, edges: [1]}", ""),
        ("absolute, weight: {output: low, edges: [1]}", ""),
        ("absolute, weight: {output: low}", "the key 'edges' is missing"),
        ("absolute, weight: {input: x, feature: a}", "the key 'edges' is missing"),
        ("absolute, weight: {request: w, edges: []}", "found 0 entries"),
        ("absolute, weight: {request: w, scale: 2}", "unknown key 'scale'"),
        ("absolute, weight: {}", "exactly one of input, output, request"),
        ("cqr-asymmetric, lower: low, upper: y, weight: {request: w}", "unknown key 'weight'"),
    ]

    @Test("Weights are cut along a column, or one of the request", arguments: weights)
    func weight(method: String, words: String) throws {
        let text = ModelText.least([
            "inputs": "[{name: x, shape: [2], features: [{name: a}, {name: b}]}]",
            "outputs": "[{name: y}, {name: low}]",
            "uncertainty": "{outputs: [{output: y, truth: t, method: \(method)}]}",
        ])
        let problem = try ModelText.problem(text)
        #expect(
            words.isEmpty ? problem == nil : problem?.contains(words) == true,
            "\(problem ?? "")"
        )
    }

    static let shapes: [(String, String, String)] = [
        ("classes", "{name: y}", "one float32 a class"),
        ("classes", "{name: y, shape: [2, 2, 2]}", "one float32 a class"),
        ("classes", "{name: y, shape: [3]}", "found 2 entries, allowed are 3 to 3"),
        ("classes", "{name: y, shape: [1]}", "found 1 classes, allowed are 2 to 1024"),
        ("classes", "{name: y, shape: [2], type: float64}", "one float32 a class"),
        ("regression", "{name: y}", "one float32 a member"),
        ("regression", "{name: y, shape: [3]}, {name: s, shape: [2]}", "as many float32 as 'y'"),
        ("regression", "{name: y, shape: [3]}", "allowed are outputs: y"),
        ("regression", "{name: y, shape: [3]}, {name: s, shape: [3]}", ""),
    ]

    @Test("Members and classes have an output of their shape", arguments: shapes)
    func shape(task: String, outputs: String, words: String) throws {
        let entry =
            task == "classes"
            ? "method: lac, classes: \(Self.classes)" : "method: ensemble, sigma: s"
        let text = ModelText.least([
            "task": task, "outputs": "[\(outputs)]",
            "uncertainty": "{outputs: [{output: y, \(entry), truth: t}]}",
        ])
        let problem = try ModelText.problem(text)
        #expect(
            words.isEmpty ? problem == nil : problem?.contains(words) == true,
            "\(problem ?? "")"
        )
    }

    @Test("Regions are of two outputs with one kind of bins", arguments: regions)
    func region(region: String, words: String) throws {
        let outputs =
            "[{name: y, unit: mm}, {name: low, unit: mm}, {name: high, unit: mm}, "
            + "{name: far, unit: cm}, {name: other, unit: mm}]"
        let entries = ["y", "low", "far"].map {
            "{output: \($0), method: absolute, truth: t}"
        }
        let weighted = "{output: other, method: absolute, truth: t, weight: {request: w}}"
        let binned = "{output: high, method: absolute, truth: t, bins: {output: y, edges: [1]}}"
        let text = ModelText.least([
            "outputs": outputs,
            "uncertainty":
                "{outputs: [\(entries.joined(separator: ", ")), \(binned), \(weighted)], regions: [\(region)]}",
        ])
        let problem = try ModelText.problem(text)
        #expect(
            words.isEmpty ? problem == nil : problem?.contains(words) == true,
            "\(problem ?? "")"
        )
    }

    static let entries: [(String, String, String)] = [
        ("regression", "{method: absolute, truth: t}", "the key 'output' is missing"),
        ("regression", "{output: y, truth: t}", "the key 'method' is missing"),
        ("regression", "{output: y, method: absolute}", "the key 'truth' is missing"),
        (
            "regression", "{output: z, method: absolute, truth: t}",
            "found 'z', allowed are outputs: y, low"
        ),
        (
            "regression", "{output: wide, method: absolute, truth: t}",
            "allowed is one float32 an event"
        ),
        ("regression", "{output: whole, method: absolute, truth: t}", "'whole' of int64[batch]"),
        (
            "regression", "{output: y, method: finest, truth: t}",
            "found 'finest', allowed are absolute"
        ),
        (
            "regression", "{output: y, method: venn-abers, truth: t}",
            "allowed for regression are absolute"
        ),
        (
            "binary", "{output: y, method: cqr, truth: t}",
            "found cqr, allowed for binary are venn-abers, temperature, platt, beta, isotonic, best"
        ),
        ("anomaly", "{output: y, method: absolute, truth: t}", "allowed for anomaly are p-value"),
        (
            "classes", "{output: y, method: absolute, truth: t}",
            "allowed for classes are lac, aps, raps"
        ),
        ("regression", "{output: y, method: cqr, truth: t}", "the key 'lower' is missing"),
        (
            "regression", "{output: y, method: cqr, lower: low, truth: t}",
            "the key 'upper' is missing"
        ),
        (
            "regression", "{output: y, method: cqr, lower: z, upper: low, truth: t}",
            "lower: found 'z'"
        ),
        ("regression", "{output: y, method: normalised, truth: t}", "the key 'sigma' is missing"),
        (
            "regression", "{output: y, method: absolute, sigma: low, truth: t}",
            "unknown key 'sigma'"
        ),
        (
            "regression", "{output: y, method: absolute, lower: low, truth: t}",
            "unknown key 'lower'"
        ),
        (
            "regression", "{output: y, method: absolute, truth: t, classes: \(classes)}",
            "unknown key 'classes'"
        ),
        (
            "regression", "{output: y, method: absolute, truth: t, side: left}",
            "found 'left', allowed are both, upper, lower"
        ),
        (
            "regression",
            "{output: y, method: cqr-asymmetric, lower: low, upper: y, truth: t, side: upper}",
            "unknown key 'side'"
        ),
        ("regression", "{output: y, method: absolute, truth: t, bins: []}", "allowed are 1 to 2"),
        (
            "regression",
            "{output: y, method: absolute, truth: t, bins: [{output: y, edges: [1]}, \(many)]}",
            "bins[1].edges: found 4096 entries"
        ),
        (
            "regression",
            "{output: y, method: absolute, truth: t, bins: [\(many(64)), \(many(64))]}",
            "bins: found 4225 bins, allowed are 4096"
        ),
        ("binary", "{output: y, method: venn-abers, truth: t}", "the key 'classes' is missing"),
        (
            "binary",
            "{output: y, method: venn-abers, truth: t, classes: [{name: a, labels: [1]}]}",
            "classes: found 1 entries, allowed are 2 to 2"
        ),
        (
            "anomaly", "{output: y, method: p-value, truth: t, classes: \(classes)}",
            "classes: found 2 entries, allowed are 1 to 1"
        ),
        (
            "binary",
            "{output: y, method: venn-abers, truth: t, "
                + "classes: [{name: a, labels: [0, 1]}, {name: b, labels: [1]}]}",
            "classes[1].labels[0]: the label 1.0 belongs to two classes"
        ),
        (
            "binary",
            "{output: y, method: venn-abers, truth: t, "
                + "classes: [{name: a, labels: [0]}, {name: a, labels: [1]}]}",
            "classes[1]: the name 'a' stands twice"
        ),
        (
            "anomaly", "{output: y, method: p-value, truth: t, classes: [{name: a, labels: []}]}",
            "labels: found 0 entries, allowed are 1 to 64"
        ),
    ]

    @Test("An entry that cannot be is refused", arguments: entries)
    func entry(task: String, entry: String, words: String) throws {
        let problem = try problem(task, "{outputs: [\(entry)]}")
        #expect(problem?.contains("uncertainty.outputs[0]") ?? false)
        #expect(problem?.contains(words) ?? false, "\(problem ?? "read")")
    }

    @Test(
        "Bins that cannot be are refused",
        arguments: [
            ("{edges: [1]}", "exactly one of input, output, request says which column is cut"),
            ("{output: y, request: r, edges: [1]}", "exactly one of input, output, request"),
            ("{request: r}", "the key 'edges' is missing"),
            ("{request: r, edges: []}", "edges: found 0 entries, allowed are 1 to 1000"),
            (
                "{request: r, edges: [1, 1]}",
                "edges[1]: found 1.0 after 1.0, allowed are rising edges"
            ),
            (
                "{request: r, edges: [2, 1]}",
                "edges[1]: found 1.0 after 2.0, allowed are rising edges"
            ),
            ("{request: r, edges: [.inf]}", "edges[0]: found '.inf', allowed is a finite number"),
            ("{output: wide, edges: [1]}", "allowed is one float32 an event"),
            ("{output: z, edges: [1]}", "found 'z', allowed are outputs"),
            ("{input: z, feature: a, edges: [1]}", "found 'z', allowed is a float32 input"),
            ("{input: w, feature: a, edges: [1]}", "found 'w', allowed is a float32 input"),
            ("{input: x, edges: [1]}", "the key 'feature' is missing: which component of 'x'"),
            ("{input: x, feature: c, edges: [1]}", "found 'c', allowed are a, b"),
            ("{input: bare, feature: a, edges: [1]}", "found 'a', allowed are"),
            ("{request: r, feature: a, edges: [1]}", "bins.feature: "),
        ]
    )
    func bins(bins: String, words: String) throws {
        let entry = "{output: y, method: absolute, truth: t, bins: \(bins)}"
        let problem = try problem("regression", "{outputs: [\(entry)]}")
        #expect(problem?.contains("uncertainty.outputs[0].bins") ?? false, "\(problem ?? "read")")
        #expect(problem?.contains(words) ?? false, "\(problem ?? "read")")
    }

    @Test(
        "The whole must fit its task",
        arguments: [
            ("regression", "{}", "uncertainty: the key 'outputs' is missing"),
            ("regression", "{outputs: []}", "outputs: found 0 entries, allowed are 1 to 8"),
            ("regression", "{outputs: [A, A]}", "outputs[1]: the output 'y' stands twice"),
            (
                "regression", "{outputs: [A], coverage: 0}",
                "coverage: found 0.0, allowed are 0.01 to 0.9999"
            ),
            (
                "regression", "{outputs: [A], coverage: 1}",
                "coverage: found 1.0, allowed are 0.01 to 0.9999"
            ),
            ("regression", "{outputs: [A], level: 1}", "uncertainty.level: unknown key 'level'"),
            ("binary", "{outputs: [V, W]}", "outputs: found 2 entries, allowed for binary is 1"),
        ]
    )
    func whole(task: String, text: String, words: String) throws {
        let venn = "method: venn-abers, truth: t, classes: \(Self.classes)}"
        let problem = try problem(
            task,
            text.replacing("A", with: "{output: y, method: absolute, truth: t}")
                .replacing("V", with: "{output: y, \(venn)")
                .replacing("W", with: "{output: low, \(venn)")
        )
        #expect(problem?.contains(words) ?? false, "\(problem ?? "read")")
    }

    private func problem(_ task: String, _ uncertainty: String) throws -> String? {
        try ModelText.problem(
            ModelText.least([
                "task": task, "inputs": Self.inputs, "outputs": Self.outputs,
                "uncertainty": uncertainty,
            ])
        )
    }
}
