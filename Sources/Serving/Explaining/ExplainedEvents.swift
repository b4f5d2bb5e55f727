internal import Catalog
internal import Messages
internal import Tensors

/// The events of one request as numbers, for those who make other rows of them.
struct ExplainedEvents {
    /// Events.
    let rows: Int
    /// Numbers of an event.
    let features: Int
    /// The events, one after the other.
    let numbers: [Float]
    /// What is drawn at random is a function of it and the ids.
    let seed: UInt64
    /// One an event: its id, or its place where none came.
    let ids: [UInt64]
    private let isFinite: [Bool]

    /// Copies the events of a job of one dense float32 input.
    init(_ job: ExplanationJob, features: Int, nonfinite: Manifest.Nonfinite) {
        rows = job.rows
        self.features = features
        seed = job.seed
        guard let base = unsafe job.inputs[0] else { preconditionFailure("one dense input") }
        var numbers = [Float](repeating: 0, count: job.rows * features)
        unsafe numbers.withUnsafeMutableBytes { raw in
            unsafe raw.copyMemory(from: UnsafeRawBufferPointer(start: base, count: raw.count))
        }
        var isFinite = [Bool](repeating: true, count: job.rows)
        if nonfinite == .missing {
            // As the model sees them: what is not finite is missing.
            for index in numbers.indices where !numbers[index].isFinite { numbers[index] = .nan }
        } else {
            for index in numbers.indices where !numbers[index].isFinite {
                isFinite[index / features] = false
            }
        }
        self.numbers = numbers
        self.isFinite = isFinite
        if let ids = unsafe job.eventIds {
            self.ids = (0..<job.rows).map {
                unsafe ids.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)
            }
        } else {
            ids = (0..<job.rows).map { UInt64($0) }
        }
    }

    /// Events whose numbers are finite, or missing where that is a value.
    var known: [Int] { (0..<rows).filter { isFinite[$0] } }

    /// Where the numbers of an event lie.
    func place(of event: Int) -> Range<Int> { event * features..<(event + 1) * features }
}

/// What was found of every event of a request.
struct ExplainedShares {
    /// Shares of an event.
    let width: Int
    /// Of every event, NaN at first.
    var value: [Double]
    /// As `value`, or nil where nothing is sampled.
    var error: [Double]?
    var score: [Double]
    /// nil of shares that do not add up.
    var base: [Double]?

    /// Nothing is known yet.
    init(rows: Int, width: Int, hasErrors: Bool, addsUp: Bool) {
        self.width = width
        value = [Double](repeating: .nan, count: rows * width)
        error = hasErrors ? value : nil
        score = [Double](repeating: .nan, count: rows)
        base = addsUp ? score : nil
    }

    /// How far base and shares are from the score.
    var residual: [Double]? {
        base.map { base in
            score.indices.map { event in
                let shares = value[event * width..<(event + 1) * width]
                return abs(score[event] - base[event] - shares.reduce(0, +))
            }
        }
    }

    /// Sets what was found of an event.
    mutating func set(
        _ event: Int,
        value shares: [Double],
        error errors: [Double]? = nil,
        score: Double,
        base: Double? = nil
    ) {
        let first = event * width
        for index in 0..<width { value[first + index] = shares[index] }
        if let errors { for index in 0..<width { error?[first + index] = errors[index] } }
        self.score[event] = score
        if let base { self.base?[event] = base }
    }
}
