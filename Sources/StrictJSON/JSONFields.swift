/// The members of a JSON object, taken one by one with their type and limits; what is left at the
/// end is an unknown key.
///
/// Every refusal names the full key path.
package struct JSONFields {
    package let path: String
    private var members: [String: JSONValue]
    private var asked: [String] = []

    /// `path` is "" for the file itself, else as "outputs[0].interval".
    package init(_ value: JSONValue, path: String) throws(ContentError) {
        guard case .object(let members) = value else {
            throw ContentError(
                path.isEmpty ? "file" : path,
                found: value.kind,
                allowed: "an object"
            )
        }
        self.path = path
        self.members = members
    }

    /// The members of a whole file.
    package init(file json: [UInt8], limits: JSONLimits) throws(ContentError) {
        try self.init(JSONReader.value(of: json, limits: limits), path: "")
    }

    /// The members of a whole file, whose "format" must be the one given.
    package init(file json: [UInt8], maximumBytes: Int, format: Int) throws(ContentError) {
        try self.init(file: json, limits: JSONLimits(bytes: maximumBytes))
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
    package mutating func value(_ key: String) throws(ContentError) -> JSONValue {
        guard let value = optional(key) else {
            throw ContentError(path(key), found: "nothing", allowed: "a value")
        }
        return value
    }

    /// Takes a string.
    package mutating func text(_ key: String) throws(ContentError) -> String {
        let value = try value(key)
        guard case .string(let text) = value else {
            throw ContentError(path(key), found: value.kind, allowed: "a string")
        }
        return text
    }

    /// Takes a string that is not empty, of at most `limit` bytes.
    package mutating func text(_ key: String, limit: Int) throws(ContentError) -> String {
        let value = try value(key)
        guard case .string(let text) = value, (1...limit).contains(text.utf8.count) else {
            throw ContentError(
                path(key),
                found: value.kind,
                allowed: "a string of 1 to \(limit) bytes"
            )
        }
        return text
    }

    /// Takes one of a few words.
    package mutating func choice<Choice: RawRepresentable<String>>(
        _ key: String,
        _ choices: [Choice]
    ) throws(ContentError) -> Choice {
        let text = try text(key)
        guard let choice = choices.first(where: { $0.rawValue == text }) else {
            throw ContentError(
                path(key),
                found: "\"\(text)\"",
                allowed: choices.map(\.rawValue).joined(separator: ", ")
            )
        }
        return choice
    }

    /// Takes true or false.
    package mutating func flag(_ key: String) throws(ContentError) -> Bool {
        let value = try value(key)
        guard case .bool(let flag) = value else {
            throw ContentError(path(key), found: value.kind, allowed: "true or false")
        }
        return flag
    }

    /// Takes a whole number.
    package mutating func integer(
        _ key: String,
        in limits: ClosedRange<Int>
    ) throws(ContentError) -> Int {
        try Self.integer(value(key), in: limits, path: path(key))
    }

    /// Takes an array of whole numbers.
    package mutating func integers(
        _ key: String,
        count: ClosedRange<Int>,
        in limits: ClosedRange<Int>
    ) throws(ContentError) -> [Int] {
        var integers: [Int] = []
        for (index, value) in try list(key, count: count).enumerated() {
            integers.append(try Self.integer(value, in: limits, path: path("\(key)[\(index)]")))
        }
        return integers
    }

    /// Takes a number.
    package mutating func number(_ key: String) throws(ContentError) -> Double {
        let value = try value(key)
        guard case .number(let number) = value else {
            throw ContentError(path(key), found: value.kind, allowed: "a number")
        }
        return number
    }

    /// Takes a number above zero.
    package mutating func positive(_ key: String) throws(ContentError) -> Double {
        let value = try value(key)
        guard case .number(let number) = value, number > 0 else {
            throw ContentError(path(key), found: value.kind, allowed: "a number above 0")
        }
        return number
    }

    /// Takes an array of numbers, possibly empty.
    package mutating func numbers(_ key: String) throws(ContentError) -> [Double] {
        try Self.numbers(value(key), path: path(key))
    }

    /// Takes an array of anything.
    package mutating func list(
        _ key: String,
        count: ClosedRange<Int>
    ) throws(ContentError) -> [JSONValue] {
        let value = try value(key)
        switch value {
        case .array(let elements) where count.contains(elements.count): return elements
        case .numbers(let numbers) where count.contains(numbers.count):
            return numbers.map { .number($0) }
        default:
            throw ContentError(
                path(key),
                found: value.kind,
                allowed: count.lowerBound == count.upperBound
                    ? "an array of \(count.lowerBound) elements"
                    : "an array of \(count.lowerBound) to \(count.upperBound) elements"
            )
        }
    }

    /// Takes an object, whose members come by fields of their own.
    package mutating func object(_ key: String) throws(ContentError) -> JSONFields {
        try JSONFields(value(key), path: path(key))
    }

    /// Takes an array of objects.
    package mutating func objects(
        _ key: String,
        count: ClosedRange<Int>
    ) throws(ContentError) -> [JSONFields] {
        var objects: [JSONFields] = []
        for (index, value) in try list(key, count: count).enumerated() {
            objects.append(try JSONFields(value, path: path("\(key)[\(index)]")))
        }
        return objects
    }

    /// Refuses what was not taken.
    package func finish() throws(ContentError) {
        guard let unknown = members.keys.min() else { return }
        throw ContentError(
            path(unknown),
            found: "an unknown key",
            allowed: asked.joined(separator: ", ")
        )
    }

    /// An array of numbers, possibly empty.
    package static func numbers(
        _ value: JSONValue,
        path: String
    ) throws(ContentError) -> [Double] {
        switch value {
        case .numbers(let numbers): return numbers
        case .array(let elements) where elements.isEmpty: return []
        default: throw ContentError(path, found: value.kind, allowed: "an array of numbers")
        }
    }

    private static func integer(
        _ value: JSONValue,
        in limits: ClosedRange<Int>,
        path: String
    ) throws(ContentError) -> Int {
        guard case .number(let number) = value, let integer = Int(exactly: number),
            limits.contains(integer)
        else {
            throw ContentError(
                path,
                found: value.kind,
                allowed: limits.lowerBound == limits.upperBound
                    ? "\(limits.lowerBound)"
                    : "a whole number from \(limits.lowerBound) to \(limits.upperBound)"
            )
        }
        return integer
    }
}
