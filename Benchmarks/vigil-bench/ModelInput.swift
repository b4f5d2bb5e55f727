import Datasets
import Messages
import Tensors

/// What a model is asked: its input, and events to fill it with.
struct ModelInput: Sendable {
    /// Model, by the name of its folder.
    let model: String
    /// The model's one input.
    let name: String
    /// Of one event.
    let shape: [Int]
    /// Events that requests are made of, one after another.
    private let pool: [Float]

    /// Elements of one event.
    var width: Int { shape.reduce(1, *) }

    private init(_ model: String, _ name: String, _ shape: [Int], _ pool: [Float]) {
        self.model = model
        self.name = name
        self.shape = shape
        self.pool = pool
    }

    /// `rows` events; the pool is gone round when it has fewer.
    func floats(rows: Int) -> [Float] {
        (0..<rows * width).map { pool[$0 % pool.count] }
    }

    /// A request of `rows` events.
    func call(rows: Int) -> ScoreCall {
        ScoreCall(
            model: model,
            inputs: [TensorValue(name: name, shape: [rows] + shape, floats: floats(rows: rows))]
        )
    }

    /// A request of `rows` events, encoded as clients encode it.
    func request(rows: Int, isRaw: Bool = false, outputs: [String] = []) -> PreparedRequest {
        var call = call(rows: rows)
        call.isRaw = isRaw
        call.outputs = outputs
        return PreparedRequest(call)
    }

    /// The model that answers its input.
    static let null = ModelInput("null", "x", [16], (0..<16).map { Float($0) * 0.25 })

    /// The same with eight features that are watched; numbers between 0 and 1 that fill all bins.
    static let nullMonitored = ModelInput(
        "null-monitored",
        "x",
        [16],
        (0..<16 * 1024).map { Float(UInt32($0) &* 2_654_435_761 >> 16) / 65536 }
    )

    /// Images whose pixels are a fixed pattern: convolutions take their time whatever they see.
    static let cnn = ModelInput(
        "cnn",
        "image",
        [1, 64, 64],
        (0..<4096).map { Float($0 % 97) / 97 }
    )

    /// Reference models with the events of `setting`'s data file, in the zoo's order; not the
    /// neighbours, which the daemon runs as it runs the network.
    static func zoo(_ setting: Setting) throws(BenchFailure) -> [ModelInput] {
        let names = ["s1c", "s2c", "drift_time", "x_s2", "y_s2"]
        let columns: [[Float]]
        do throws(DatasetError) {
            let data = try Dataset(path: setting.data)
            columns = try (names + ["hits"]).map { (name) throws(DatasetError) in
                try data.array(name).doubles.map(Float.init)
            }
        } catch {
            throw BenchFailure("\(error)")
        }
        let features = columns.dropLast()
        let events = features[0].indices.flatMap { event in features.map { $0[event] } }
        let hits = columns[names.count]
        return [
            ModelInput("er-nr-mlp", "features", [features.count], events),
            ModelInput("er-nr-tree", "features", [features.count], events),
            ModelInput("pattern-autoencoder", "hits", [61], hits),
            ModelInput("position-cnn", "hits", [61], hits),
        ]
    }

    /// The same events for a model that takes the same input.
    func asked(of model: String) -> ModelInput { ModelInput(model, name, shape, pool) }

    /// One of the reference models.
    static func zoo(_ model: String, _ setting: Setting) throws(BenchFailure) -> ModelInput {
        guard let found = try zoo(setting).first(where: { $0.model == model }) else {
            throw BenchFailure("\(model) is no reference model")
        }
        return found
    }
}
