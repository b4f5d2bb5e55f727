import Testing

@Suite struct TruthsTests {
    private static func problem(
        _ truths: String,
        task: String = "regression",
        outputs: String = "[{name: y}]",
        entry: String = "output: y, method: absolute, truth: t",
        more: String = ""
    ) throws -> String? {
        try ModelText.problem(
            ModelText.least([
                "task": task, "outputs": outputs,
                "uncertainty": "{outputs: [{\(entry)}]\(more)}",
                "truths": truths,
            ])
        )
    }

    private static func check(_ problem: String?, _ words: String) {
        #expect(
            words.isEmpty ? problem == nil : problem?.contains(words) == true,
            "\(problem ?? "")"
        )
    }

    static let regression: [(String, String)] = [
        ("{}", ""),
        ("{remembered: 0}", ""),
        ("{remembered: 10000000, adapt: {method: adaptive, step: 0.01}}", ""),
        ("{adapt: {method: window, events: 1000}}", ""),
        ("{remembered: 10000001}", "allowed are 0 to 10000000"),
        ("{remembers: 1}", "unknown key 'remembers'"),
        ("{adapt: {step: 0.1}}", "the key 'method' is missing"),
        ("{adapt: {method: adaptive}}", "the key 'step' is missing"),
        ("{adapt: {method: adaptive, step: 0.6}}", "allowed are 0.0001 to 0.5"),
        ("{adapt: {method: adaptive, step: 0.1, events: 2000}}", "unknown key 'events'"),
        ("{adapt: {method: window}}", "the key 'events' is missing"),
        ("{adapt: {method: window, events: 999}}", "allowed are 1000 to 1000000"),
        ("{adapt: {method: forget}}", "adaptive, window"),
    ]

    @Test("What truths are made into is checked", arguments: regression)
    func followRegression(truths: String, words: String) throws {
        Self.check(try Self.problem(truths), words)
    }

    static let classes: [(String, String)] = [
        ("{}", ""),
        ("{remembered: 2500000}", ""),
        ("{remembered: 2500001}", "allowed are 0 to 2500000"),
        ("{adapt: {method: adaptive, step: 0.01}}", ""),
        ("{adapt: {method: window, events: 20000}}", ""),
    ]

    @Test("Sets of classes remember a score of each", arguments: classes)
    func rememberClasses(truths: String, words: String) throws {
        let names = "abcd".enumerated().map { "{name: \($1), labels: [\($0)]}" }
        let entry =
            "output: y, method: aps, truth: t, classes: [\(names.joined(separator: ", "))]"
        let problem = try Self.problem(
            truths,
            task: "classes",
            outputs: "[{name: y, shape: [4]}]",
            entry: entry
        )
        Self.check(problem, words)
    }

    static let binary: [(String, String)] = [
        ("{adapt: {method: window, events: 20000}}", ""),
        ("{adapt: {method: adaptive, step: 0.01}}", "allowed for binary is window"),
    ]

    @Test("A binary score has no level that moves", arguments: binary)
    func followBinary(truths: String, words: String) throws {
        let classes = "classes: [{name: a, labels: [0]}, {name: b, labels: [1]}]"
        let entry = "output: y, method: platt, truth: t, \(classes)"
        Self.check(try Self.problem(truths, task: "binary", entry: entry), words)
    }

    static let weighted: [(String, String)] = [
        ("{remembered: 10}", ""),
        ("{adapt: {method: adaptive, step: 0.01}}", "allowed is this without 'weight'"),
        ("{adapt: {method: window, events: 20000}}", "allowed is this without 'weight'"),
    ]

    @Test("Truths of the data need no weights", arguments: weighted)
    func followWeighted(truths: String, words: String) throws {
        let entry = "output: y, method: absolute, truth: t, weight: {request: w}"
        Self.check(try Self.problem(truths, entry: entry), words)
    }

    static let regions: [(String, String)] = [
        ("{}", ""),
        ("{adapt: {method: window, events: 20000}}", ""),
        (
            "{adapt: {method: adaptive, step: 0.01}}",
            "found adaptive, allowed with 'regions' is window"
        ),
    ]

    @Test("Regions have no level that moves", arguments: regions)
    func followRegions(truths: String, words: String) throws {
        let entry =
            "output: y, method: absolute, truth: t}, {output: z, method: absolute, truth: u"
        let problem = try Self.problem(
            truths,
            outputs: "[{name: y}, {name: z}]",
            entry: entry,
            more: ", regions: [{outputs: [y, z]}]"
        )
        Self.check(problem, words)
    }

    @Test func `Truths need answers to compare with`() throws {
        let text = ModelText.least(["truths": "{}"])
        Self.check(try ModelText.problem(text), "'uncertainty' declares none")
    }
}
