extension AdaptedLevels {
    /// Levels of a calibration file, one a bin.
    init(_ value: JSONValue, path: String, bins count: Int) throws(CalibrationError) {
        var fields = try JSONFields(value, path: path)
        let coverage = try fields.number("coverage")
        let step = try fields.number("step")
        let miscoverages = try fields.numbers("miscoverages")
        let truths = try fields.counts("truths")
        try fields.finish()
        guard miscoverages.count == count, truths.count == count else {
            throw CalibrationError(
                fields.path("miscoverages"),
                found: "\(miscoverages.count) and \(truths.count) truths",
                allowed: "\(count) of each, one a bin"
            )
        }
        var bins: [AdaptiveCoverage] = []
        for (bin, miscoverage) in miscoverages.enumerated() {
            do throws(CalibrationError) {
                bins.append(
                    try AdaptiveCoverage(
                        target: coverage,
                        step: step,
                        miscoverage: miscoverage,
                        truths: truths[bin]
                    )
                )
            } catch {
                throw CalibrationError(
                    "\(path)[\(bin)].\(error.what)",
                    found: error.found,
                    allowed: error.allowed
                )
            }
        }
        self.init(coverage: coverage, step: step, bins: bins)
    }

    func write(to writer: inout JSONWriter) {
        writer.number("coverage", coverage)
        writer.number("step", step)
        writer.numbers("miscoverages", bins.lazy.map { NumberText.of($0.miscoverage) })
        writer.numbers("truths", bins.lazy.map { String($0.truths) })
    }
}
