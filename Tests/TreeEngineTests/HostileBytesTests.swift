import Testing
import TreeEngine

/// Bytes that nobody meant to be a model must be refused, never trap.
struct HostileBytesTests {
    /// A file with everything in it: three classes, four trees.
    static let sound: [UInt8] = {
        var model = ModelText()
        model.objective = #""multi:softprob""#
        model.classCount = #""3""#
        model.baseScore = #""[1E-1,2E-1,3E-1]""#
        model.trees = [
            ModelText.tree.json, TreeText.leaf.json, TreeText.chain(depth: 12).json,
            ModelText.tree.json,
        ]
        model.treeInfo = "[0, 1, 2, 0]"
        return model.json
    }()

    static let features: [Float] = (0..<26).map { $0 % 5 == 0 ? .nan : Float($0) - 9 }

    /// Loads bytes; what loads must also be walked without a trap, to finite margins.
    static func load(_ json: [UInt8]) -> Bool {
        guard let ensemble = try? TreeEnsemble(xgboostJSON: json) else { return false }
        let rows = 13
        let features = (0..<rows * ensemble.featureCount).map { Self.features[$0 % 26] }
        return !ensemble.predictions(features).isEmpty
    }

    @Test("The file is sound")
    func soundFile() {
        #expect(Self.load(Self.sound))
    }

    @Test("A file cut short anywhere is refused")
    func truncation() {
        let admitted = Self.sound.indices.filter { Self.load(Array(Self.sound.prefix($0))) }
        #expect(admitted.isEmpty)
    }

    @Test("2,000 files with bytes changed, removed and repeated do not trap")
    func mutation() {
        var random = SplitMix64(seed: 11)
        let alphabet = Array("0123456789-+.eE,:[]{}\"\\ntfuNI \u{0}é".utf8) + [0xFF]
        var admitted = 0
        for _ in 0..<2_000 {
            var json = Self.sound
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<json.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: json[place] = UInt8.random(in: 0...255, using: &random)
                case 1: json[place] = alphabet[Int.random(in: alphabet.indices, using: &random)]
                case 2:
                    let end = min(json.count, place + Int.random(in: 1...20, using: &random))
                    json.removeSubrange(place..<end)
                default:
                    let end = min(json.count, place + Int.random(in: 1...20, using: &random))
                    json.insert(contentsOf: json[place..<end], at: place)
                }
            }
            admitted += Self.load(json) ? 1 : 0
        }
        // Changed leaves, names and unread fields are no error.
        #expect(admitted > 0 && admitted < 2_000)
    }

    @Test("2,000 files with other numbers in the trees do not trap")
    func numbers() {
        var random = SplitMix64(seed: 12)
        let numbers = ["-2", "-1", "0", "1", "2", "3", "4", "24", "25", "2147483647", "1e9", "NaN"]
        for _ in 0..<2_000 {
            var tree = ModelText.tree
            func list() -> String {
                let entries = (0..<5).map { _ in
                    numbers[Int.random(in: numbers.indices, using: &random)]
                }
                return "[\(entries.joined(separator: ", "))]"
            }
            switch Int.random(in: 0..<5, using: &random) {
            case 0: tree.left = list()
            case 1: tree.right = list()
            case 2: tree.indices = list()
            case 3: tree.conditions = list()
            default: tree.defaultLeft = list()
            }
            _ = Self.load(ModelText(tree: tree).json)
        }
    }

    @Test("Random bytes are refused")
    func noise() {
        var random = SplitMix64(seed: 13)
        for length in 0..<500 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!Self.load(bytes))
        }
    }
}
