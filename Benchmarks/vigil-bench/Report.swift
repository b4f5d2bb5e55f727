import FoundationEssentials

/// The figures as files.
struct Report: Encodable {
    let machine: Machine
    /// How the run was called.
    let command: String
    /// How long it took.
    let seconds: Double
    /// Groups that were not measured, and why.
    let left: [String]
    let figures: [Figure]

    enum CodingKeys: String, CodingKey {
        case machine, command, seconds
        case left = "not_measured"
        case figures
    }

    /// What is kept of a page that a run writes anew: this heading and all that follows.
    private static let keptHeading = "# What holds\n"

    /// A list of objects, one a figure.
    static func json(_ figures: [Figure]) throws(BenchFailure) -> String {
        try encoded(figures)
    }

    /// Writes RESULTS.json and RESULTS.md into a folder.
    func write(to folder: String) throws(BenchFailure) {
        let page = "\(folder)/RESULTS.md"
        let before = TextFile.read(page) ?? ""
        let kept = before.firstRange(of: Self.keptHeading).map { before[$0.lowerBound...] } ?? ""
        try TextFile.write(try Self.encoded(self) + "\n", to: "\(folder)/RESULTS.json")
        try TextFile.write(text + (kept.isEmpty ? "" : "\n" + kept), to: page)
    }

    private static func encoded(_ value: some Encodable) throws(BenchFailure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw BenchFailure("the figures cannot be written: \(error)")
        }
    }

    private var text: String {
        let judged = figures.filter { $0.met != nil }
        let met = judged.filter { $0.met == true }.count
        var text = """
            # What vigild reaches

            Written by `\(command)`; the same as data is in [RESULTS.json](RESULTS.json).
            Measured on \(machine.line), in \(Figure.text(seconds.rounded())) s; the load comes from the same machine, over tcp.

            All sides of a ratio take turns within one run, so that a machine that slows down slows all
            of them. Values are medians of the repetitions, in brackets the lowest and the highest, or
            for the cost of calibration and of monitoring and for growth the interval at 95 %; a ratio is the median of the
            repetitions' own ratios. Echoes are a libzmq ROUTER in C that answers with frames of the same
            number and sizes; a server in C is such a ROUTER that runs the model before it answers, and
            does nothing else. Both keep glibc's allocator, told to keep what is freed; vigild's is
            jemalloc.

            ## Targets

            \(met) of \(judged.count) are met.

            | measure | value | baseline | ratio | target | |
            | --- | --- | --- | --- | --- | --- |

            """
        for figure in judged { text += "| \(figure.cells.joined(separator: " | ")) |\n" }
        text += """

            ## For information

            | measure | value | baseline | ratio |
            | --- | --- | --- | --- |

            """
        for figure in figures where figure.met == nil {
            text += "| \(figure.cells.prefix(4).joined(separator: " | ")) |\n"
        }
        for reason in left { text += "\nNot measured: \(reason).\n" }
        return text
    }
}
