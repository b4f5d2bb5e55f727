import Testing
import TreeEngine

/// Every rule that a conifer file can break, and what the refusal says.
struct ConiferRejectionTests {
    /// A broken file and the words its refusal must contain.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let json: [UInt8]
        let words: [String]

        init(_ name: String, _ words: String..., edit: (inout ConiferText) -> Void) {
            var model = ConiferText()
            edit(&model)
            testDescription = name
            json = model.json
            self.words = words
        }

        /// Other types than ap_fixed<18,8>.
        init(types: String, _ words: String...) {
            testDescription = types
            var model = ConiferText()
            model.config = "{\(types)}"
            json = model.json
            self.words = words
        }
    }

    static let headers = [
        Case("convention", "splitting_convention is not supported", "\">\"", "\"<\" or \"<=\"") {
            $0.convention = #"">""#
        },
        Case("no class", "n_classes is malformed", "found 0") { $0.classes = "0" },
        Case("classes", "n_classes is too large", "4096") { $0.classes = "4097" },
        Case("no feature", "n_features is malformed") { $0.featureCount = "0" },
        Case("features", "n_features is too large") { $0.featureCount = "4097" },
        Case("features not whole", "n_features", "2.5") { $0.featureCount = "2.5" },
        Case("trees", "n_trees is malformed", "found 2", "1, the length of trees") {
            $0.treeCount = "2"
        },
        Case("starts", "init_predict is malformed", "3 entries", "1, one a score") {
            $0.start = "[0, 0, 0]"
        },
        Case("start not finite", "init_predict[0]", "NaN", "a finite number") {
            $0.start = "[NaN]"
        },
        Case("norm", "norm", "Infinity") { $0.norm = "Infinity" },
        Case("trees of a round", "trees[0] is malformed", "1 trees", "3, one a score") {
            $0.classes = "3"
            $0.start = "[0, 0, 0]"
        },
        Case("XGBoost", "learner is not supported", "a model that XGBoost saved") {
            $0.norm = #"1, "learner": {}"#
        },
        Case("twice", "norm", "the key twice") { $0.norm = #"1, "norm": 1"# },
    ]

    static let types = [
        Case(types: "", "config.input_precision is missing", "ap_fixed<W,I>"),
        Case(types: #""precision": "float""#, "input_precision is not supported", "\"float\""),
        Case(types: #""precision": "ap_fixed<33,8>""#, "\"ap_fixed<33,8>\"", "W in 1...32"),
        Case(types: #""precision": "ap_fixed<16,6,AP_RND_CONV>""#, "AP_RND_CONV", "AP_RND"),
        Case(types: #""precision": "ap_fixed<16,6,AP_TRN,AP_SAT_SYM>""#, "AP_SAT_SYM"),
        Case(types: #""precision": "ap_fixed<16,6,AP_TRN,AP_WRAP,1>""#, "AP_WRAP,1"),
        Case(types: #""precision": "ap_int<16>""#, "\"ap_int<16>\""),
        Case(types: #""input_precision": "ap_fixed<16,6>""#, "config.score_precision is missing"),
        Case(
            types: #""Precision": "ap_fixed<16,6>", "ThresholdPrecision": "ap_fixed<16,5>""#,
            "config.threshold_precision is not supported",
            "\"ap_fixed<16,5>\", allowed is that of the input, \"ap_fixed<16,6>\""
        ),
        Case(
            types: #""precision": "ap_fixed<8,1>""#,
            "config.weight_precision is not supported",
            "a type that holds 1"
        ),
        Case(
            types: #""precision": "ap_ufixed<25,4>""#,
            "config.input_precision is not supported",
            "24 bits where negative values wrap"
        ),
        Case(
            types: #""precision": "ap_fixed<8,2,AP_TRN,AP_SAT>""#,
            "config.score_precision is not supported",
            "AP_SAT where sums may reach 2.0"
        ),
        Case(types: #""precision": "a", "precision": "b""#, "the key twice"),
    ]

    static let trees = [
        Case("leaf with children", "trees[0][0].children_left[2]", "3 and -1 at a leaf") {
            $0.left = "[1, 3, 3, -1, -1]"
        },
        Case("split without children", "trees[0][0].feature[2]", "0 at a node without two") {
            $0.features = "[1, 0, 0, -2, -2]"
        },
        Case("feature", "trees[0][0].weight[0] is not supported", "feature 0") {
            $0.features = "[0, 0, -2, -2, -2]"
        },
        Case("feature negative", "weight[0]", "feature -1") {
            $0.features = "[-1, 0, -2, -2, -2]"
        },
        Case("feature beyond", "trees[0][0].feature[0]", "found 2", "0...1") {
            $0.features = "[2, 0, -2, -2, -2]"
            $0.weights = "[[0, 0, 1], [1, 0], [0], [0], [0]]"
        },
        Case("oblique", "weight[0] is not supported", "a split on more than feature 1") {
            $0.weights = "[[0.5, 1], [1, 0], [0, 0], [0, 0], [0, 0]]"
        },
        Case("weight", "weight[0] is not supported") {
            $0.weights = "[[0, 2], [1, 0], [0, 0], [0, 0], [0, 0]]"
        },
        Case("child", "trees[0][0].children_left[1]", "found 9", "0...4") {
            $0.left = "[1, 9, -1, -1, -1]"
        },
        Case("cycle", "trees[0][0].children_right[1]", "another split leads to") {
            $0.right = "[2, 0, -1, -1, -1]"
        },
        Case("short", "trees[0][0].value is malformed", "4 entries", "5, the length of feature") {
            $0.values = "[0, 0, 1, 1]"
        },
        Case("no node", "trees[0][0].feature is malformed", "no node") { $0.features = "[]" },
        Case("NaN", "trees[0][0].threshold[0]", "NaN", "a finite number") {
            $0.thresholds = "[NaN, 0, 0, 0, 0]"
        },
        Case("no weight", "trees[0][0].weight is missing") {
            $0.rounds = "[[\($0.tree.replacing("weight", with: "weights"))]]"
        },
    ]

    @Test("A broken file is refused with its place", arguments: headers + types + trees)
    func refusal(broken: Case) {
        let error = #expect(throws: TreeModelError.self) { try Self.load(broken.json) }
        for word in broken.words {
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    @Test("The unbroken file is read")
    func sound() throws {
        try Self.load(ConiferText().json)
    }

    @Test("A conifer file is no XGBoost file")
    func otherKind() {
        let error = #expect(throws: TreeModelError.self) {
            try TreeEnsemble(xgboostJSON: ConiferText().json)
        }
        let words = "splitting_convention is not supported: found a model that conifer saved"
        #expect(error?.description.contains(words) == true)
    }

    @Test("A file cut short anywhere is refused, and no changed byte traps")
    func damage() {
        let sound = ConiferText().json
        for length in 0..<sound.count {
            #expect(throws: TreeModelError.self) { try Self.load(Array(sound.prefix(length))) }
        }
        var random = SplitMix64(seed: 5)
        for _ in 0..<20_000 {
            var bytes = sound
            bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                UInt8.random(in: 0...255, using: &random)
            // A changed digit may leave the file as sound as it was.
            _ = try? Self.load(bytes)
        }
    }

    private static func load(_ json: [UInt8]) throws {
        _ = try ConiferEnsemble(json: json, layouts: [.walk], clock: ContinuousClock())
    }
}
