extension VennAbers {
    /// Reads the steps of a calibration file and refuses any that no sample can have made.
    init(_ value: JSONValue, path: String) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        let events = try fields.integer("events", in: 2...CalibrationFile.maximumEvents)
        let ones = try fields.integer("class_one_events", in: 1...events - 1)
        let type = try fields.choice("score_type", ScoreType.allCases)
        let p0From = try fields.ascending("p0_from", type)
        let p0 = try fields.ascending("p0", .double)
        let p1To = try fields.ascending("p1_to", type)
        let p1 = try fields.ascending("p1", .double)
        try fields.finish()
        guard p0.count == p0From.count + 1, p0.first == 0, p0.allSatisfy({ $0 <= 1 }) else {
            throw CalibrationError(
                fields.path("p0"),
                found: "\(p0.count) values",
                allowed: "0, then one value up to 1 for each of \(p0From.count) in p0_from"
            )
        }
        guard p1.count == p1To.count + 1, p1.last == 1, p1.allSatisfy({ $0 >= 0 }) else {
            throw CalibrationError(
                fields.path("p1"),
                found: "\(p1.count) values",
                allowed: "one value from 0 for each of \(p1To.count) in p1_to, then 1"
            )
        }
        self.init(
            events: events,
            classOneEvents: ones,
            p0From: p0From,
            p0: p0,
            p1To: p1To,
            p1: p1
        )
        // p0 is largest beside p1 where it steps up.
        for (index, score) in p0From.enumerated() where pair(score).p0 > pair(score).p1 {
            throw CalibrationError(
                fields.path("p0[\(index + 1)]"),
                found: NumberText.of(pair(score).p0),
                allowed: "at most p1 at that score, \(NumberText.of(pair(score).p1))"
            )
        }
    }
}

extension JSONFields {
    /// Finite numbers, strictly ascending.
    mutating func ascending(
        _ key: String,
        _ type: ScoreType
    ) throws(CalibrationError) -> [Double] {
        let numbers = try numbers(key).map(type.score)
        for (index, number) in numbers.enumerated() {
            guard number.isFinite, index == 0 || numbers[index - 1] < number else {
                throw CalibrationError(
                    path("\(key)[\(index)]"),
                    found: NumberText.of(number),
                    allowed: "finite numbers, strictly increasing"
                )
            }
        }
        return numbers
    }
}
