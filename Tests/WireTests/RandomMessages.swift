import Messages
import Tensors
import TestSupport

/// Messages of every kind, made from a seed.
extension SeededRandom {
    mutating func flip() -> Bool { next() & 1 == 0 }

    /// Text of any length up to `most`, with letters of one to four bytes.
    mutating func text(_ most: Int = 12) -> String {
        let letters = Array("abcxyz019_- .é\u{4e2d}\u{1F52C}")
        return String((0..<int(0...most)).map { _ in letters[int(0...(letters.count - 1))] })
    }

    mutating func number() -> Double { Double(int(-1_000_000...1_000_000)) / 1024 }

    mutating func type() -> ElementType {
        ElementType.allCases[int(0...(ElementType.allCases.count - 1))]
    }

    mutating func tensor(rows: Int, name: String, mostSize: Int) -> TensorValue {
        let type = type()
        let shape = [rows] + (0..<int(0...3)).map { _ in int(1...mostSize) }
        return TensorValue(
            name: name,
            type: type,
            shape: shape,
            bytes: bytes(shape.reduce(type.byteCount, *)),
            rowSplits: flip() ? nil : (0...rows).map { Int64($0) }
        )
    }

    /// A call whose tensors are all small or all large.
    mutating func call(isLarge: Bool) -> ScoreCall {
        let rows = isLarge ? int(1025...1100) : int(0...2)
        let most = isLarge ? 3 : 2
        let inputs = isLarge ? int(1...8) : int(0...5)
        var call = ScoreCall(
            model: text(),
            inputs: (0..<inputs).map { _ in tensor(rows: rows, name: text(), mostSize: most) }
        )
        call.columns = (0..<int(0...(isLarge ? 8 : 3))).map { _ in
            tensor(rows: rows, name: text(), mostSize: most)
        }
        if flip() { call.version = text() }
        if flip() { call.deadlineMicroseconds = next() }
        call.priority = Priority.allCases[int(0...2)]
        if flip() { call.coverage = number() }
        if flip() { call.prior = number() }
        call.isRaw = flip()
        call.outputs = (0..<int(0...16)).map { _ in text() }
        if flip() { call.stream = text() }
        if flip() { call.seed = next() }
        if flip() { call.eventIds = tensor(rows: rows, name: "", mostSize: most) }
        call.wantsAttributions = int(0...3) == 0
        return call
    }

    mutating func bins() -> [BinEvents] {
        (0..<int(0...3)).map { _ in
            let count = int(1...6)
            return BinEvents(
                output: text(),
                events: (0..<count).map { _ in next() },
                axes: axes(),
                effectiveEvents: (0..<int(0...3)).map { _ in number() }
            )
        }
    }

    mutating func axes() -> [BinAxis] {
        (0..<int(0...2)).map { _ in
            BinAxis(
                source: text(),
                name: text(),
                feature: text(),
                edges: (0..<int(0...5)).map { _ in number() }
            )
        }
    }

    mutating func texts() -> [String] { (0..<int(0...4)).map { _ in text() } }

    mutating func status() -> DaemonStatus {
        var status = DaemonStatus()
        status.version = text()
        status.isReady = flip()
        status.reasons = texts()
        status.degraded = texts()
        status.uptimeMicroseconds = next()
        status.endpoints = texts()
        status.requests = next()
        status.refusals = next()
        status.events = next()
        status.inFlight = next()
        return status
    }

    mutating func description(of count: Int) -> [TensorDescription] {
        (0..<count).map { _ in
            let shape = (0..<int(0...4)).map { _ in int(1...1000) }
            var tensor = TensorDescription(
                signature: TensorSignature(name: text(), type: type(), shape: shape)
            )
            tensor.unit = text()
            tensor.meaning = text(40)
            tensor.features = texts()
            tensor.raggedMaximum = int(0...1_000_000)
            tensor.nonfinite = text()
            return tensor
        }
    }

    mutating func uncertainty() -> UncertaintyDescription {
        var entry = UncertaintyDescription()
        entry.output = text()
        entry.method = text()
        entry.side = text()
        entry.bins = axes()
        entry.lower = text()
        entry.upper = text()
        entry.sigma = text()
        entry.truth = text()
        if flip() { entry.penalty = number() }
        if flip() { entry.weight = axes().first }
        entry.freeRanks = int(0...9)
        entry.classes = (0..<int(0...2)).map { _ in
            ClassDescription(name: text(), labels: (0..<int(0...3)).map { _ in number() })
        }
        return entry
    }

    mutating func model() -> ModelDescription {
        var model = ModelDescription()
        model.name = text()
        model.version = text()
        model.digest = text()
        model.task = text()
        model.engine = text()
        model.engineVersion = text()
        model.precision = text()
        model.device = text()
        model.deviceClass = text()
        model.state = ModelDescription.State.allCases[int(0...2)]
        model.reasons = texts()
        model.isRequired = flip()
        model.inputs = description(of: int(0...3))
        model.outputs = description(of: int(0...3))
        model.uncertainty = (0..<int(0...2)).map { _ in uncertainty() }
        model.regions = (0..<int(0...2)).map { _ in
            RegionDescription(
                outputs: texts(),
                coverages: (0..<int(0...3)).map { _ in number() }
            )
        }
        if flip() { model.calibration = text() }
        if flip() { model.calibrationDate = text() }
        if flip() { model.calibrationReason = text() }
        model.folder = text()
        model.ladder = (0..<int(0...5)).map { _ in
            (rows: int(1...10_000), nanoseconds: int(1...1_000_000_000))
        }
        model.evaluation = text()
        model.bins = bins()
        model.summary = text(60)
        model.monitored = texts()
        if flip() { model.coverage = number() }
        if flip() { model.explanation = explanation() }
        return model
    }

    mutating func explanation() -> ExplanationDescription {
        var explanation = ExplanationDescription()
        explanation.output = text()
        explanation.method = text()
        explanation.features = texts()
        if flip() {
            explanation.background = text()
            explanation.backgroundRows = int(0...4096)
        }
        if flip() { explanation.gradient = text() }
        explanation.evaluations = int(0...(.max))
        explanation.nanoseconds = int(0...(.max))
        explanation.limitNanoseconds = int(0...(.max))
        if flip() { explanation.reason = text(60) }
        return explanation
    }

    mutating func attributions(rows: Int) -> Attributions {
        var attributions = Attributions()
        attributions.output = text()
        attributions.unit = text()
        attributions.method = text()
        attributions.features = texts()
        let shares = rows * attributions.features.count
        attributions.value = (0..<shares).map { _ in number() }
        if flip() { attributions.error = (0..<shares).map { _ in number() } }
        attributions.score = (0..<rows).map { _ in number() }
        if flip() { attributions.base = (0..<rows).map { _ in number() } }
        if flip() { attributions.residual = (0..<rows).map { _ in number() } }
        attributions.evaluations = int(0...(.max))
        if flip() { attributions.background = text() }
        if flip() { attributions.gradient = text() }
        return attributions
    }

    mutating func refusal() -> Refusal {
        Refusal(
            Code.allCases[int(1...9)],
            text(60),
            field: flip() ? text() : nil,
            row: flip() ? int(0...(.max)) : nil,
            retryAfterMicroseconds: flip() ? next() : nil,
            near: texts()
        )
    }
}
