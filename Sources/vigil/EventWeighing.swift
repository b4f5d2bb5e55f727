import Datasets
import Glibc
import Messages
import VigilClient

/// Computes the column that weighs a model's events, by a classifier of the same daemon.
struct EventWeighing {
    let client: Client
    let model: ModelDescription

    /// The data with the column added: the likelihood ratio of class 1, the data, to class 0, what
    /// calibrates.
    ///
    /// The data as they are without a classifier.
    func weighed(_ data: Dataset, by classifier: String?) async throws -> Dataset {
        guard let classifier else { return data }
        guard let column = model.uncertainty.compactMap(\.weightColumn).first else {
            throw Complaint(
                "model '\(model.name)' weighs no events by a column: --classifier is for those"
            )
        }
        guard let description = try await client.models(classifier).first else {
            throw Complaint("the daemon has no model '\(classifier)'")
        }
        guard description.task == "binary" else {
            throw Complaint(
                "model '\(classifier)' has task \(description.task), allowed is binary"
            )
        }
        let source = try EventSource(data, model: description)
        let outcome = try await Scoring(client: client, source: source).run(title: "weighed") {
            $0.priority = .bulk
        }
        var weighed = data
        weighed[column] = NumericArray(
            doubles: try outcome.column("log_likelihood_ratio").map { exp($0) }
        )
        return weighed
    }
}

extension UncertaintyDescription {
    /// Whether events are weighed by histograms along a column.
    var hasHistograms: Bool { weight.map { !$0.edges.isEmpty } ?? false }

    /// The request's column that is the weight, or nil.
    var weightColumn: String? {
        guard let weight, weight.edges.isEmpty else { return nil }
        return weight.name
    }
}
