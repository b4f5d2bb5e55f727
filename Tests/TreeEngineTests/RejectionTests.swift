import Testing
import TreeEngine

/// Every rule that a file can break, and what the refusal says.
struct RejectionTests {
    /// A broken file and the words its refusal must contain.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let json: [UInt8]
        let words: [String]

        init(_ name: String, _ words: String..., edit: (inout ModelText) -> Void) {
            var model = ModelText()
            edit(&model)
            testDescription = name
            json = model.json
            self.words = words
        }

        init(tree name: String, _ words: String..., edit: (inout TreeText) -> Void) {
            var tree = ModelText.tree
            edit(&tree)
            testDescription = name
            json = ModelText(tree: tree).json
            self.words = words
        }

        init(text name: String, _ words: String..., edit: (String) -> String) {
            testDescription = name
            json = Array(edit(ModelText().text).utf8)
            self.words = words
        }
    }

    static let headers = [
        Case("dart", "gradient_booster.name is not supported", "dart") { $0.booster = #""dart""# },
        Case("gblinear", "gblinear", "\"gbtree\"") { $0.booster = #""gblinear""# },
        Case("objective", "learner.objective.name is not supported", "mine", "reg:gamma") {
            $0.objective = #""mine""#
        },
        Case("control characters are not repeated", "\u{FFFD}[31m") {
            $0.objective = #""\u001b[31m""#
        },
        Case("no feature", "num_feature is malformed", "found 0") { $0.featureCount = #""0""# },
        Case("features", "num_feature is too large", "4096") { $0.featureCount = #""4097""# },
        Case("features negative", "num_feature", "-1") { $0.featureCount = #""-1""# },
        Case("features not a number", "num_feature", "x") { $0.featureCount = #""x""# },
        Case("classes", "num_class is too large") { $0.classCount = #""5000""# },
        Case("classes beyond 32 bits", "num_class") { $0.classCount = #""99999999999999999999""# },
        Case("targets", "num_target is too large") { $0.targetCount = #""5000""# },
        Case("classes and targets", "num_target is not supported") {
            $0.classCount = #""3""#
            $0.targetCount = #""2""#
        },
        Case("names", "feature_names", "1 names", "2") { $0.featureNames = #"["s1"]"# },
        Case("names not strings", "feature_names[1]", "a string") {
            $0.featureNames = #"["a", 1]"#
        },
        Case("group", "tree_info[0]", "found 1", "0...0") { $0.treeInfo = "[1]" },
        Case("group negative", "tree_info[0]", "-1") { $0.treeInfo = "[-1]" },
        Case("groups and trees", "tree_info", "2 entries", "1, one a tree") {
            $0.treeInfo = "[0, 0]"
        },
        Case("score empty", "base_score", "0 entries") { $0.baseScore = #""[]""# },
        Case("score not a number", "base_score", "abc") { $0.baseScore = #""abc""# },
        Case("score and rest", "base_score") { $0.baseScore = #""0.5 1""# },
        Case("score count", "base_score", "3 entries", "1 or 1") { $0.baseScore = #""[1,2,3]""# },
        Case("score nested", "base_score") { $0.baseScore = #""[[1]]""# },
        Case("score above 1", "base_score", "1.5", "0...1 for binary:logistic") {
            $0.baseScore = #""1.5""#
        },
        Case("score below 0", "base_score", "-0.1") { $0.baseScore = #""-0.1""# },
        Case("score NaN", "base_score", "nan") { $0.baseScore = #""NaN""# },
        Case("score infinite", "base_score", "inf") {
            $0.objective = #""reg:squarederror""#
            $0.baseScore = #""1E39""#
        },
        Case("score 0 with a logarithm", "base_score", "above 0") {
            $0.objective = #""count:poisson""#
            $0.baseScore = #""0""#
        },
    ]

    static let trees = [
        Case(tree: "left child too large", "trees[0].left_children[1]", "found 5", "0...4") {
            $0.left = "[1, 5, -1, -1, -1]"
        },
        Case(tree: "right child too large", "trees[0].right_children[0]", "2147483647") {
            $0.right = "[2147483647, 4, -1, -1, -1]"
        },
        Case(tree: "child negative", "left_children[0]", "found -2") {
            $0.left = "[-2, 3, -1, -1, -1]"
        },
        Case(tree: "one child", "right_children[1]", "-1 beside a left child 3") {
            $0.right = "[2, -1, -1, -1, -1]"
        },
        Case(tree: "cycle to the root", "left_children[1]", "found 0, which another split") {
            $0.left = "[1, 0, -1, -1, -1]"
        },
        Case(tree: "cycle to itself", "left_children[0]", "found 0") {
            $0.left = "[0, 3, -1, -1, -1]"
        },
        Case(tree: "two parents", "right_children[1]", "found 2") {
            $0.right = "[2, 2, -1, -1, -1]"
        },
        Case(tree: "twins", "left_children[1]", "found 4") { $0.left = "[1, 4, -1, -1, -1]" },
        Case(tree: "feature too large", "split_indices[0]", "found 2", "0...1") {
            $0.indices = "[2, 0, 0, 0, 0]"
        },
        Case(tree: "feature negative", "split_indices[1]", "-1") {
            $0.indices = "[1, -1, 0, 0, 0]"
        },
        Case(tree: "feature beyond 32 bits", "split_indices[0]", "4294967296") {
            $0.indices = "[4294967296, 0, 0, 0, 0]"
        },
        Case(tree: "feature with a fraction", "split_indices[0]", "1.5", "whole number") {
            $0.indices = "[1.5, 0, 0, 0, 0]"
        },
        Case(tree: "threshold NaN", "split_conditions[0]", "NaN") {
            $0.conditions = "[NaN, -2.0, 0.25, -0.125, 1.5]"
        },
        Case(tree: "leaf NaN", "split_conditions[2]", "nan at a leaf") {
            $0.conditions = "[0.5, -2.0, NaN, -0.125, 1.5]"
        },
        Case(tree: "leaf infinite", "split_conditions[4]", "inf at a leaf", "finite") {
            $0.conditions = "[0.5, -2.0, 0.25, -0.125, 1e39]"
        },
        Case(tree: "leaf -infinite", "-inf at a leaf") {
            $0.conditions = "[0.5, -2.0, 0.25, -Infinity, 0]"
        },
        Case(tree: "default 2", "default_left[0]", "found 2", "0 or 1") {
            $0.defaultLeft = "[2, 0, 0, 0, 0]"
        },
        Case(tree: "categorical", "trees[0].split_type[1] is not supported", "categorical") {
            $0.splitType = "[0, 1, 0, 0, 0]"
        },
        Case(tree: "vector leaves", "size_leaf_vector is not supported", "found 3") {
            $0.leafWidth = "3"
        },
        Case(tree: "right length", "right_children", "4 entries", "5") {
            $0.right = "[2, 4, -1, -1]"
        },
        Case(tree: "left length", "right_children", "5 entries", "4") {
            $0.left = "[1, 3, -1, -1]"
        },
        Case(tree: "indices length", "split_indices", "6 entries") {
            $0.indices = "[1, 0, 0, 0, 0, 0]"
        },
        Case(tree: "conditions length", "split_conditions", "1 entries") {
            $0.conditions = "[0.5]"
        },
        Case(tree: "default length", "default_left", "0 entries") { $0.defaultLeft = "[]" },
        Case(tree: "type length", "split_type", "2 entries") { $0.splitType = "[0, 0]" },
        Case(tree: "cover length", "sum_hessian", "1 entries", "5") { $0.sumHessian = "[2.5]" },
        Case(tree: "cover not a number", "sum_hessian[1]") { $0.sumHessian = "[2, true]" },
        Case(tree: "no node", "left_children", "no node") { $0.left = "[]" },
        Case(tree: "node count", "num_nodes", "found 6", "5, the length") { $0.nodeCount = "6" },
        Case(tree: "too deep", "trees[0] (depth) is too large", "513", "512") {
            $0 = .chain(depth: 513)
        },
        Case(tree: "too many nodes", "trees[0] (nodes) is too large", "65536") {
            $0 = .full(depth: 16)
        },
    ]

    static let texts = [
        Case(text: "empty", "file is malformed", "the end of the file", "an object") { _ in "" },
        Case(text: "not JSON", "file", "'b'") { _ in "binf" },
        Case(text: "a list", "file", "'['", "an object") { _ in "[]" },
        Case(text: "no learner", "learner is missing") { _ in "{}" },
        Case(text: "learner null", "learner is malformed") { _ in #"{"learner": null}"# },
        Case(text: "learner twice", "learner", "the key twice") {
            $0.replacing(#""version": [3, 2, 0]"#, with: #""learner": {}"#)
        },
        Case(text: "left_children twice", "trees[0].left_children", "the key twice") {
            $0.replacing(#""id": 0"#, with: #""left_children": []"#)
        },
        Case(text: "more after the end", "nothing after the top object") { $0 + " {}" },
        Case(text: "no trees", "gradient_booster.model.trees is missing") {
            $0.replacing(#""trees""#, with: #""tress""#)
        },
        Case(text: "no tree_info", "tree_info is missing") {
            $0.replacing(#""tree_info""#, with: #""info""#)
        },
        Case(text: "no name", "gradient_booster.name is missing") {
            $0.replacing(#""name": "gbtree""#, with: #""nam": "gbtree""#)
        },
        Case(text: "no objective", "learner.objective.name is missing") {
            $0.replacing(#""objective""#, with: #""subjective""#)
        },
        Case(text: "no base_score", "base_score is missing") {
            $0.replacing(#""base_score""#, with: #""score""#)
        },
        Case(text: "no num_feature", "learner_model_param.num_feature is missing") {
            $0.replacing(
                #""num_class": "0", "num_feature""#,
                with: #""num_class": "0", "features""#
            )
        },
        Case(text: "no num_class", "num_class is missing") {
            $0.replacing(#""num_class""#, with: #""classes""#)
        },
        Case(text: "no split_indices", "trees[0].split_indices is missing", "an array by node") {
            $0.replacing(#""split_indices""#, with: #""indices""#)
        },
        Case(text: "no default_left", "trees[0].default_left is missing") {
            $0.replacing(#""default_left""#, with: #""default""#)
        },
        Case(text: "nested too deep", "(nesting) is too large", "64") {
            $0.replacing(
                "[3, 2, 0]",
                with: String(repeating: "[", count: 100_000)
                    + String(repeating: "]", count: 100_000)
            )
        },
        Case(text: "leading zero", "without a leading zero") {
            $0.replacing("[3, 2", with: "[03, 2")
        },
        Case(text: "bare point", "version[0]") { $0.replacing("[3, 2", with: "[3., 2") },
        Case(text: "plus sign", "version[0]", "'+'") { $0.replacing("[3, 2", with: "[+3, 2") },
        Case(text: "hexadecimal", "version", "'x'") { $0.replacing("[3, 2", with: "[0x3, 2") },
        Case(text: "trailing comma", "version[3]") { $0.replacing("2, 0]", with: "2, 0,]") },
        Case(text: "half a surrogate", "not UTF-8") { $0.replacing("\"s1\"", with: #""\ud800""#) },
        Case(text: "bad escape", "a bad escape") { $0.replacing("\"s1\"", with: #""\x""#) },
        Case(text: "bad hexadecimal", "a bad escape") {
            $0.replacing("\"s1\"", with: #""\u+123""#)
        },
        Case(text: "line break in a string", "a closing '\"'") {
            $0.replacing("\"s1\"", with: "\"s\n1\"")
        },
        Case(text: "long string", "feature_names[0] is too large", "1048576") {
            $0.replacing("\"s1\"", with: "\"\(String(repeating: "s", count: 1 << 21))\"")
        },
    ]

    @Test("A broken file is refused with its place", arguments: headers + trees + texts)
    func refusal(broken: Case) throws {
        let error = try #require(throws: TreeModelError.self) {
            try TreeEnsemble(xgboostJSON: broken.json)
        }
        for word in broken.words {
            #expect(error.description.contains(word), "\(error.description)")
        }
        #expect(!error.description.contains { $0.isNewline })
        #expect(error.description.count < 700)
    }

    @Test("A string that is not UTF-8 is refused")
    func notUTF8() throws {
        var json = ModelText().json
        let name = try #require(json.firstRange(of: Array("\"s1\"".utf8)))
        json[name.lowerBound + 1] = 0xFF
        let error = #expect(throws: TreeModelError.self) { try TreeEnsemble(xgboostJSON: json) }
        #expect(error?.description.contains("not UTF-8") == true)
    }

    @Test("A file beyond the limit is refused before it is read")
    func fileSize() {
        let json = [UInt8](repeating: 0x20, count: TreeLimits.fileBytes + 1)
        #expect(
            throws: TreeModelError.overLimit(
                path: "file",
                found: json.count,
                limit: TreeLimits.fileBytes
            )
        ) { try TreeEnsemble(xgboostJSON: json) }
    }

    @Test("Too many trees are refused")
    func treeCount() {
        var model = ModelText()
        model.trees = [String](repeating: TreeText.leaf.json, count: TreeLimits.trees + 1)
        let json = model.json
        #expect(
            throws: TreeModelError.overLimit(
                path: "learner.gradient_booster.model.trees[65536]",
                found: TreeLimits.trees + 1,
                limit: TreeLimits.trees
            )
        ) { try TreeEnsemble(xgboostJSON: json) }
    }

    @Test("A sound file is admitted, whatever its names and unread fields hold")
    func soundFile() throws {
        let text = ModelText().text.replacing("\"s1\"", with: #""\ud83d\ude00 \"\\\/\b\f\n\r\té""#)
        let ensemble = try TreeEnsemble(xgboostJSON: Array(text.utf8))
        #expect(ensemble.featureNames[0] == "\u{1F600} \"\\/\u{8}\u{C}\n\r\té")
    }
}
