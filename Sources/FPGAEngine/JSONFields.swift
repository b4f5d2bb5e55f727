/// The members of a JSON object, taken one by one with their type and limits; what is left at the
/// end is an unknown key.
///
/// Every refusal names the file and the full key path.
struct JSONFields {
    private let file: String
    private let path: String
    private var members: [String: JSONValue]
    private var asked: [String] = []

    /// `path` is "" for the file itself, else as "outputs[0].ports[2]".
    init(_ value: JSONValue, file: String, path: String = "") throws(FirmwareError) {
        self.file = file
        self.path = path
        guard case .object(let members) = value else {
            throw FirmwareError(
                path.isEmpty ? file : "\(file): \(path)",
                found: value.kind,
                allowed: "an object"
            )
        }
        self.members = members
    }

    /// The file and the full path of a key.
    func place(_ key: String) -> String { "\(file): \(keyPath(key))" }

    private func keyPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Takes a member that must be there.
    mutating func value(_ key: String) throws(FirmwareError) -> JSONValue {
        asked.append(key)
        guard let value = members.removeValue(forKey: key) else {
            throw FirmwareError(place(key), found: "nothing", allowed: "a value")
        }
        return value
    }

    /// Takes a string of at most `limit` bytes, and at least one.
    mutating func text(_ key: String, limit: Int) throws(FirmwareError) -> String {
        let value = try value(key)
        guard case .string(let text) = value, (1...limit).contains(text.utf8.count) else {
            throw FirmwareError(
                place(key),
                found: value.kind,
                allowed: "a string of 1 to \(limit) bytes"
            )
        }
        return text
    }

    /// Takes one of a few words.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        _ type: Choice.Type
    ) throws(FirmwareError) -> Choice {
        let value = try value(key)
        guard case .string(let text) = value, let choice = Choice(rawValue: text) else {
            throw FirmwareError(
                place(key),
                found: value.kind,
                allowed: type.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
            )
        }
        return choice
    }

    /// Takes true or false.
    mutating func flag(_ key: String) throws(FirmwareError) -> Bool {
        let value = try value(key)
        guard case .bool(let flag) = value else {
            throw FirmwareError(place(key), found: value.kind, allowed: "true or false")
        }
        return flag
    }

    /// Takes a whole number.
    mutating func integer(_ key: String, in limits: ClosedRange<Int>) throws(FirmwareError) -> Int {
        try Self.integer(value(key), in: limits, place: place(key))
    }

    /// Takes a number above zero.
    mutating func positive(_ key: String) throws(FirmwareError) -> Double {
        let value = try value(key)
        guard case .number(let number) = value, number > 0 else {
            throw FirmwareError(place(key), found: value.kind, allowed: "a number above 0")
        }
        return number
    }

    /// Takes an array.
    mutating func list(_ key: String, count: ClosedRange<Int>) throws(FirmwareError) -> [JSONValue]
    {
        let value = try value(key)
        guard case .array(let list) = value, count.contains(list.count) else {
            throw FirmwareError(
                place(key),
                found: value.kind,
                allowed: count.lowerBound == count.upperBound
                    ? "an array of \(count.lowerBound) elements"
                    : "an array of \(count.lowerBound) to \(count.upperBound) elements"
            )
        }
        return list
    }

    /// Takes an array of whole numbers.
    mutating func integers(
        _ key: String,
        count: ClosedRange<Int>,
        in limits: ClosedRange<Int>
    ) throws(FirmwareError) -> [Int] {
        var integers: [Int] = []
        for (index, value) in try list(key, count: count).enumerated() {
            integers.append(
                try Self.integer(value, in: limits, place: "\(place(key))[\(index)]")
            )
        }
        return integers
    }

    /// Takes an object, whose members come by fields of their own.
    mutating func object(_ key: String) throws(FirmwareError) -> JSONFields {
        try JSONFields(value(key), file: file, path: keyPath(key))
    }

    /// Takes an array of objects.
    mutating func objects(
        _ key: String,
        count: ClosedRange<Int>
    ) throws(FirmwareError) -> [JSONFields] {
        var objects: [JSONFields] = []
        for (index, value) in try list(key, count: count).enumerated() {
            objects.append(
                try JSONFields(value, file: file, path: "\(keyPath(key))[\(index)]")
            )
        }
        return objects
    }

    /// Refuses what was not taken.
    func finish() throws(FirmwareError) {
        guard let unknown = members.keys.min() else { return }
        throw FirmwareError(
            place(FirmwareError.quote(unknown)),
            found: "an unknown key",
            allowed: asked.joined(separator: ", ")
        )
    }

    private static func integer(
        _ value: JSONValue,
        in limits: ClosedRange<Int>,
        place: String
    ) throws(FirmwareError) -> Int {
        guard case .number(let number) = value, let integer = Int(exactly: number),
            limits.contains(integer)
        else {
            throw FirmwareError(
                place,
                found: value.kind,
                allowed: limits.lowerBound == limits.upperBound
                    ? "\(limits.lowerBound)"
                    : "a whole number from \(limits.lowerBound) to \(limits.upperBound)"
            )
        }
        return integer
    }
}
