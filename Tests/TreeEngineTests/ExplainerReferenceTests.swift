import TestSupport
import Testing
import TreeEngine

/// Attributions against shap 0.51 and XGBoost 3.2.
struct ExplainerReferenceTests {
    /// One model of Reference/golden.json, made by make_golden.py.
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        /// What one library answered.
        struct Answer: Decodable {
            let attributions: [Double]
            let baseValues: [Double]?

            enum CodingKeys: String, CodingKey {
                case attributions
                case baseValues = "base_values"
            }
        }

        let name: String
        let model: String
        let events: [Float?]
        let background: [Float?]
        let pathDependent: Answer
        let interventional: Answer
        let xgboost: Answer

        enum CodingKeys: String, CodingKey {
            case name, model, events, background, interventional, xgboost
            case pathDependent = "path_dependent"
        }

        var testDescription: String { name }

        func ensemble() throws -> TreeEnsemble {
            try TreeEnsemble(xgboostJSON: Array(model.utf8))
        }

        var numbers: [Float] { events.map { $0 ?? .nan } }

        /// Explains by the background, which has 20 rows.
        func interventional(tableBytes: Int) throws -> TreeExplainer {
            try TreeExplainer(
                try ensemble(),
                background: background.map { $0 ?? .nan },
                rows: 20,
                tableBytes: tableBytes
            )
        }
    }

    static let cases = GoldenFile.read([Case].self)

    /// All paths in tables, none, and those that are short.
    static let tableBytes = [TreeLimits.explainerTableBytes, 0, 8_192]

    /// For the path-dependent form shap computes in Double; attributions are of size 1.
    static let shapTolerance = 1e-13
    /// For the interventional form shap's weights are Float, and so are its base values.
    static let shapFloatTolerance = 1e-6
    /// XGBoost computes in Float.
    static let xgboostTolerance = 2e-6

    static func worst(_ found: [Double], _ expected: [Double]) throws -> Double {
        try #require(found.count == expected.count)
        return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test("The path-dependent form is shap's and XGBoost's", arguments: cases, tableBytes)
    func pathDependent(golden: Case, tableBytes: Int) throws {
        let explainer = try TreeExplainer(try golden.ensemble(), tableBytes: tableBytes)

        let found = explainer.attributions(golden.numbers)

        let base = try #require(golden.xgboost.baseValues)
        #expect(try Self.worst(found, golden.pathDependent.attributions) <= Self.shapTolerance)
        #expect(try Self.worst(found, golden.xgboost.attributions) <= Self.xgboostTolerance)
        #expect(try Self.worst(explainer.baseValues, base) <= Self.xgboostTolerance)
    }

    @Test("The interventional form is shap's", arguments: cases, tableBytes)
    func interventional(golden: Case, tableBytes: Int) throws {
        let explainer = try golden.interventional(tableBytes: tableBytes)

        let found = explainer.attributions(golden.numbers)

        let base = try #require(golden.interventional.baseValues)
        #expect(
            try Self.worst(found, golden.interventional.attributions) <= Self.shapFloatTolerance
        )
        #expect(try Self.worst(explainer.baseValues, base) <= Self.shapFloatTolerance)
    }

    @Test("Attributions of every kind of model are XGBoost's", arguments: Reference.names)
    func contributions(name: String) throws {
        let reference = try Reference(name)
        let explainer = try TreeExplainer(try TreeEnsemble(xgboostJSON: reference.model))
        let width = explainer.featureCount + 1
        let rows = reference.contributions.count / (explainer.groupCount * width)

        let found = explainer.attributions(
            Array(reference.features.prefix(rows * explainer.featureCount))
        )

        let expected = reference.contributions.enumerated()
            .filter { $0.offset % width != width - 1 }.map { Double($0.element) }
        let largest = expected.reduce(1) { max($0, abs($1)) }
        // XGBoost adds up all trees in Float: rounding grows with their number and size.
        #expect(rows == 100)
        #expect(try Self.worst(found, expected) <= 1e-5 * largest)
    }

    @Test("Attributions and the base value are the margin", arguments: Reference.names)
    func additivity(name: String) throws {
        let reference = try Reference(name)
        let ensemble = try TreeEnsemble(xgboostJSON: reference.model)
        let rows = 2_000
        let features = Array(reference.features.prefix(rows * ensemble.featureCount))
        let background = Array(reference.features.suffix(30 * ensemble.featureCount))
        for explainer in [
            try TreeExplainer(ensemble),
            try TreeExplainer(ensemble, background: background, rows: 30),
        ] {
            let sums = explainer.sums(explainer.attributions(features))

            try #require(sums.count == rows * ensemble.groupCount)
            let wrong = sums.indices.filter {
                let margin = Double(reference.margins[$0])
                return !(abs(sums[$0] - margin) <= 1e-5 * max(1, abs(margin)))
            }
            #expect(wrong.isEmpty, "\(wrong.count) of \(sums.count) differ")
        }
    }
}
