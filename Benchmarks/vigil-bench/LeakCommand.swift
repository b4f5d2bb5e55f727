import ArgumentParser
import CBench
import Glibc

/// A process that leaks: the control that an estimate of growth must catch.
struct LeakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leak",
        abstract: "Leaks memory for every line on standard input, and answers with a line."
    )

    @Argument(help: "Bytes for each line.") var bytes: Int

    func run() throws {
        var total = 0
        while readLine() != nil {
            guard cbench_leak(bytes) == 0 else {
                throw BenchFailure("there is no memory left")
            }
            total += bytes
            print(total)
            fflush(nil)
        }
    }
}
