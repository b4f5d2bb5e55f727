internal import Yams

/// A value with its place in the file; turned into a Swift value or one clear error.
public struct YAMLValue {
    let node: Node
    let file: String
    /// Key path, as "inputs[0].shape".
    public let key: String

    /// Line in the file, counted from 1.
    public var line: Int { node.mark?.line ?? 1 }

    /// An error at this value.
    public func error(_ message: String) -> YAMLError {
        YAMLError(file: file, line: line, key: key, message: message)
    }

    /// A string.
    ///
    /// Plain numbers, booleans and nulls are refused: they want quotes.
    public func string(
        maximumBytes: Int = 1024,
        allowsEmpty: Bool = false
    ) throws(YAMLError) -> String {
        guard case .scalar(let scalar) = node else { throw wrongType("a string") }
        if scalar.style == .plain, let plain = Self.plainType(scalar.string) {
            throw error("found the \(plain) \(scalar.string), allowed is a string (in quotes)")
        }
        guard allowsEmpty || !scalar.string.isEmpty else {
            throw error("found an empty string")
        }
        guard scalar.string.utf8.count <= maximumBytes else {
            throw error("found \(scalar.string.utf8.count) bytes, allowed are \(maximumBytes)")
        }
        return scalar.string
    }

    /// One of the raw values of an enumeration.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type
    ) throws(YAMLError) -> Choice where Choice.RawValue == String {
        guard case .scalar(let scalar) = node, let choice = Choice(rawValue: scalar.string) else {
            let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("found \(found), allowed are \(allowed)")
        }
        return choice
    }

    /// A whole number within `range`.
    public func int(in range: ClosedRange<Int>) throws(YAMLError) -> Int {
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            let value = Int(scalar.string)
        else { throw wrongType("a whole number") }
        guard range.contains(value) else {
            throw error("found \(value), allowed are \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A whole number within `range`, or nil where `word` stands.
    public func int(in range: ClosedRange<Int>, or word: String) throws(YAMLError) -> Int? {
        let allowed = "allowed are \(range.lowerBound) to \(range.upperBound), or \(word)"
        guard case .scalar(let scalar) = node, scalar.style == .plain else {
            throw error("found \(found), \(allowed)")
        }
        if scalar.string == word { return nil }
        guard let value = Int(scalar.string) else { throw error("found \(found), \(allowed)") }
        guard range.contains(value) else { throw error("found \(value), \(allowed)") }
        return value
    }

    /// A finite number within `range`.
    public func double(
        in range: ClosedRange<Double> = -Double
            .greatestFiniteMagnitude...Double
            .greatestFiniteMagnitude
    ) throws(YAMLError) -> Double {
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            let value = Double(scalar.string), value.isFinite
        else { throw wrongType("a finite number") }
        guard range.contains(value) else {
            throw error("found \(value), allowed are \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// true or false.
    public func bool() throws(YAMLError) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else {
            throw wrongType("true or false")
        }
        switch scalar.string {
        case "true": return true
        case "false": return false
        default: throw wrongType("true or false")
        }
    }

    /// Whether it is a list.
    public var isList: Bool {
        guard case .sequence = node else { return false }
        return true
    }

    /// The entries of a list of `count` entries.
    public func list(count: ClosedRange<Int>) throws(YAMLError) -> [YAMLValue] {
        guard case .sequence(let sequence) = node else { throw wrongType("a list") }
        guard count.contains(sequence.count) else {
            throw error(
                "found \(sequence.count) entries, allowed are \(count.lowerBound) to \(count.upperBound)"
            )
        }
        return sequence.enumerated().map { index, node in
            YAMLValue(node: node, file: file, key: "\(key)[\(index)]")
        }
    }

    /// A mapping with string keys.
    public func mapping() throws(YAMLError) -> YAMLMapping {
        guard case .mapping(let mapping) = node else { throw wrongType("a mapping") }
        var entries: [(String, YAMLValue)] = []
        var names: Set<String> = []
        for (name, value) in mapping {
            guard let text = name.string else { throw error("a key is not a string") }
            let path = key.isEmpty ? text : "\(key).\(text)"
            // Yams tells 1 from '1' and would keep both.
            guard names.insert(text).inserted else {
                throw YAMLValue(node: name, file: file, key: path).error("stands twice")
            }
            let place = YAMLValue(node: value, file: file, key: path)
            entries.append((text, place))
        }
        return YAMLMapping(place: self, entries: entries)
    }

    private func wrongType(_ wanted: String) -> YAMLError {
        error("found \(found), allowed is \(wanted)")
    }

    /// What stands here, for messages.
    private var found: String {
        switch node {
        case .scalar(let scalar): return "'\(scalar.string.prefix(80))'"
        case .sequence(let sequence): return "a list of \(sequence.count)"
        case .mapping(let mapping): return "a mapping of \(mapping.count)"
        case .alias: return "an alias"
        }
    }

    private static func plainType(_ text: String) -> String? {
        if Int(text) != nil { return "whole number" }
        if Double(text) != nil { return "number" }
        switch text.lowercased() {
        case "true", "false": return "boolean"
        case "null", "~", "": return "null"
        default: return nil
        }
    }
}
