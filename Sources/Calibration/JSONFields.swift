/// The members of a JSON object, taken one by one with their type and limits; what is left at the
/// end is an unknown key.
///
/// Every refusal names the full key path.
package struct JSONFields {
    package let path: String
    private var members: [String: JSONValue]
    private var asked: [String] = []

    /// `path` is "" for the file itself, else as "outputs[0].interval".
    package init(_ value: JSONValue, path: String) throws(CalibrationError) {
        guard case .object(let members) = value else {
            throw CalibrationError(
                path.isEmpty ? "file" : path,
                found: value.kind,
                allowed: "an object"
            )
        }
        self.path = path
        self.members = members
    }

    /// The members of a whole file, whose "format" must be the one given.
    package init(file json: [UInt8], maximumBytes: Int, format: Int) throws(CalibrationError) {
        guard json.count <= maximumBytes else {
            throw CalibrationError(
                "file",
                found: "\(json.count) bytes",
                allowed: "at most \(maximumBytes)"
            )
        }
        try self.init(JSONReader.value(of: json), path: "")
        _ = try integer("format", in: format...format)
    }

    /// The full path of a key.
    package func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Takes a member that may be absent.
    package mutating func optional(_ key: String) -> JSONValue? {
        asked.append(key)
        return members.removeValue(forKey: key)
    }

    /// Whether a member that may be absent is there.
    package mutating func has(_ key: String) -> Bool {
        guard members[key] == nil else { return true }
        asked.append(key)
        return false
    }

    /// Takes a member that must be there.
    package mutating func value(_ key: String) throws(CalibrationError) -> JSONValue {
        guard let value = optional(key) else {
            throw CalibrationError(path(key), found: "nothing", allowed: "a value")
        }
        return value
    }

    package mutating func text(_ key: String) throws(CalibrationError) -> String {
        let value = try value(key)
        guard case .string(let text) = value else {
            throw CalibrationError(path(key), found: value.kind, allowed: "a string")
        }
        return text
    }

    /// One of a few words.
    package mutating func choice<Choice: RawRepresentable<String>>(
        _ key: String,
        _ choices: [Choice]
    ) throws(CalibrationError) -> Choice {
        let text = try text(key)
        guard let choice = choices.first(where: { $0.rawValue == text }) else {
            throw CalibrationError(
                path(key),
                found: "\"\(text)\"",
                allowed: choices.map(\.rawValue).joined(separator: ", ")
            )
        }
        return choice
    }

    package mutating func integer(_ key: String, in limits: ClosedRange<Int>)
        throws(CalibrationError)
        -> Int
    {
        let value = try value(key)
        guard case .number(let number) = value, let integer = Int(exactly: number),
            limits.contains(integer)
        else {
            throw CalibrationError(
                path(key),
                found: value.kind,
                allowed: limits.count == 1
                    ? "\(limits.lowerBound)"
                    : "a whole number from \(limits.lowerBound) to \(limits.upperBound)"
            )
        }
        return integer
    }

    package mutating func number(_ key: String) throws(CalibrationError) -> Double {
        let value = try value(key)
        guard case .number(let number) = value else {
            throw CalibrationError(path(key), found: value.kind, allowed: "a number")
        }
        return number
    }

    package mutating func numbers(_ key: String) throws(CalibrationError) -> [Double] {
        try Self.numbers(value(key), path: path(key))
    }

    /// A non-empty array of anything, at most `limit` long.
    package mutating func list(_ key: String, limit: Int) throws(CalibrationError) -> [JSONValue] {
        let value = try value(key)
        guard let list = Self.elements(value), list.count >= 1, list.count <= limit else {
            throw CalibrationError(
                path(key),
                found: value.kind,
                allowed: "an array of 1 to \(limit) elements"
            )
        }
        return list
    }

    /// An array of arrays, possibly empty, at most `limit` long.
    package mutating func arrays(_ key: String, limit: Int) throws(CalibrationError) -> [JSONValue]
    {
        let value = try value(key)
        guard case .array(let list) = value, list.count <= limit else {
            throw CalibrationError(
                path(key),
                found: value.kind,
                allowed: "an array of at most \(limit) arrays"
            )
        }
        return list
    }

    /// Refuses what was not taken.
    package func finish() throws(CalibrationError) {
        guard let unknown = members.keys.min() else { return }
        throw CalibrationError(
            path(unknown),
            found: "an unknown key",
            allowed: asked.joined(separator: ", ")
        )
    }

    /// An array of numbers, possibly empty.
    package static func numbers(_ value: JSONValue, path: String) throws(CalibrationError)
        -> [Double]
    {
        switch value {
        case .numbers(let numbers): return numbers
        case .array(let elements) where elements.isEmpty: return []
        default: throw CalibrationError(path, found: value.kind, allowed: "an array of numbers")
        }
    }

    private static func elements(_ value: JSONValue) -> [JSONValue]? {
        switch value {
        case .array(let elements): elements
        case .numbers(let numbers): numbers.map { .number($0) }
        default: nil
        }
    }
}
