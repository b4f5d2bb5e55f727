internal import Yams

/// Reads one YAML document strictly.
public enum YAMLDocument {
    /// Most bytes of a document.
    public static let maximumBytes = 256 * 1024

    /// The top mapping of a file's bytes; `file` is quoted in errors.
    public static func mapping(_ bytes: [UInt8], file: String) throws(YAMLError) -> YAMLMapping {
        guard bytes.count <= maximumBytes else {
            throw YAMLError(
                file: file,
                line: 1,
                key: "",
                message: "\(bytes.count) bytes, allowed are \(maximumBytes)"
            )
        }
        let text = try YAMLText.read(bytes, file: file)
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Self.syntaxError(error, file: file)
        } catch {
            throw YAMLError(file: file, line: 1, key: "", message: "\(error)")
        }
        guard let node else {
            throw YAMLError(file: file, line: 1, key: "", message: "the file is empty")
        }
        return try YAMLValue(node: node, file: file, key: "").mapping()
    }

    private static func syntaxError(_ error: YamlError, file: String) -> YAMLError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return YAMLError(file: file, line: mark.line, key: "", message: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.sorted().joined(separator: ", ")
            return YAMLError(
                file: file,
                line: context.mark.line,
                key: keys,
                message: "stands twice"
            )
        default:
            let words = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            return YAMLError(file: file, line: 1, key: "", message: words)
        }
    }
}
