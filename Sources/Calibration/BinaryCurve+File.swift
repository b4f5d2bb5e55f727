extension BinaryCurve {
    /// The methods that a file holds; Venn-ABERS has a table of its own.
    private static let stored = Method.allCases.filter { $0 != .vennAbers }

    /// Reads the curve of a calibration file and refuses any that no sample can have made.
    init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        let method = try fields.choice("method", Self.stored)
        guard let form = LogisticCalibration.Form(rawValue: method.rawValue) else {
            self = .isotonic(try IsotonicCalibration(&fields))
            try fields.finish()
            return
        }
        let coefficients = try fields.numbers("coefficients")
        try fields.finish()
        do throws(CalibrationError) {
            self = .logistic(try LogisticCalibration(form: form, coefficients: coefficients))
        } catch {
            throw CalibrationError(
                fields.path(error.what),
                found: error.found,
                allowed: error.allowed
            )
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.text("method", method.rawValue)
        switch self {
        case .logistic(let curve):
            writer.numbers("coefficients", curve.coefficients.lazy.map { NumberText.of($0) })
        case .isotonic(let curve):
            let type = ScoreType(holding: [curve.places])
            writer.integer("events", curve.events)
            writer.text("score_type", type.rawValue)
            writer.numbers("places", curve.places.lazy.map(type.text))
            writer.numbers("values", curve.values.lazy.map { NumberText.of($0) })
        case .vennAbers:
            preconditionFailure("it has a table of its own")
        }
    }
}

extension IsotonicCalibration {
    fileprivate init(_ fields: inout JSONFields) throws(CalibrationError) {
        let events = try fields.integer("events", in: 2...CalibrationFile.maximumEvents)
        let type = try fields.choice("score_type", ScoreType.allCases)
        let places = try fields.ascending("places", type)
        let values = try fields.numbers("values")
        guard !places.isEmpty, values.count == places.count else {
            throw CalibrationError(
                fields.path("values"),
                found: "\(values.count) values",
                allowed: "one for each of \(places.count) in places, at least one"
            )
        }
        for (index, value) in values.enumerated() {
            let least = index == 0 ? 0 : values[index - 1]
            guard value >= least, value > 0, value < 1 else {
                throw CalibrationError(
                    fields.path("values[\(index)]"),
                    found: NumberText.of(value),
                    allowed: "numbers between 0 and 1 that never fall"
                )
            }
        }
        self.init(events: events, places: places, values: values)
    }
}
