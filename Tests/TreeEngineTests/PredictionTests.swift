import Testing
import TreeEngine

/// Links at the ends of their range, on models without trees.
struct PredictionTests {
    static func ensemble(_ objective: TreeObjective, classes: Int = 0) throws -> TreeEnsemble {
        var model = ModelText()
        model.objective = "\"\(objective.rawValue)\""
        model.classCount = "\"\(classes)\""
        return try TreeEnsemble(xgboostJSON: model.json)
    }

    static func transform(_ ensemble: TreeEnsemble, _ margins: [Float]) -> [Float] {
        var values = margins
        let rows = margins.count / ensemble.groupCount
        var span = values.mutableSpan
        ensemble.transform(&span, rows: rows)
        return Array(values.prefix(rows * ensemble.predictionCount))
    }

    @Test("A sigmoid stays inside 0...1 and never becomes NaN")
    func logistic() throws {
        let ensemble = try Self.ensemble(.binaryLogistic)
        let values = Self.transform(ensemble, [-1e30, -100, 0, 100, 1e30])
        #expect(values[2...] == [0.5, 1, 1])
        #expect(values[0] == values[1] && values[0] > 0 && values[0] < 1e-38)
    }

    @Test("A softmax of large margins does not overflow")
    func softmax() throws {
        let ensemble = try Self.ensemble(.multiSoftprob, classes: 3)
        #expect(Self.transform(ensemble, [1e30, 1e30, -1e30]) == [0.5, 0.5, 0])
    }

    @Test("The class with the largest margin is named, the first of equals")
    func largestGroup() throws {
        let ensemble = try Self.ensemble(.multiSoftmax, classes: 3)
        #expect(ensemble.predictionCount == 1)
        #expect(Self.transform(ensemble, [1, 2, 2, 5, 1, 5, 0, 0, 1]) == [1, 0, 2])
    }

    @Test("Every objective has a start margin for one half", arguments: TreeObjective.allCases)
    func startMargin(objective: TreeObjective) throws {
        let ensemble = try Self.ensemble(objective)
        #expect(ensemble.startMargins.count == 1)
        #expect(ensemble.startMargins[0].isFinite)
    }
}
