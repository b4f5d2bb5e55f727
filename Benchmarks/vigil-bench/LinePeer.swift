import FoundationEssentials

/// A script of `Benchmarks/peers` that measures one turn whenever it is told to.
final class LinePeer {
    private let process: ChildProcess
    private let name: String

    /// Starts `arguments` with the setting's Python.
    init(_ setting: Setting, _ script: String, _ arguments: [String]) throws(BenchFailure) {
        name = script
        process = try ChildProcess(
            [setting.python, "\(setting.peers)/\(script)"] + arguments,
            errorPath: "\(setting.work)/\(script).log"
        )
    }

    /// The first line that it prints by itself.
    func opening<Value: Decodable>(_ type: Value.Type) throws(BenchFailure) -> Value {
        try decoded(type)
    }

    /// One turn of `rows` events a request.
    func turn<Value: Decodable>(_ type: Value.Type, rows: Int) throws(BenchFailure) -> Value {
        process.write("run \(rows)")
        return try decoded(type)
    }

    private func decoded<Value: Decodable>(_ type: Value.Type) throws(BenchFailure) -> Value {
        guard let line = process.readLine() else {
            let lines = process.errors.split(separator: "\n")
            throw BenchFailure("\(name) ended: \(lines.last ?? "nothing was said")")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(line.utf8))
        } catch {
            throw BenchFailure("\(name) printed \(line)")
        }
    }
}
