extension KolmogorovSmirnov {
    /// Tests whether conformal p-values of new normal events are uniform, as they should be, on the
    /// multiples of 1/(n + 1) up to 1.
    ///
    /// A p-value tells how many of the n calibration scores lie at or above the new score, so the
    /// two-sample statistic of new against calibration scores is rebuilt from the p-values alone.
    /// Testing against an exactly uniform law instead would raise false alarms, since the
    /// calibration sample fluctuates as well: the effective size is n m / (n + m), not m. `pValues`
    /// come from one bin with `calibrationEvents` events; single precision suffices up to a million
    /// events.
    public static func uniformity(
        pValues: [Double],
        calibrationEvents: Int
    ) throws(CalibrationError) -> KolmogorovSmirnov {
        guard !pValues.isEmpty else {
            throw CalibrationError("pValues", found: "0 events", allowed: "at least 1")
        }
        guard calibrationEvents > 0 else {
            throw CalibrationError(
                "calibrationEvents",
                found: "\(calibrationEvents)",
                allowed: "at least 1"
            )
        }
        // newAt[c]: new events with exactly c calibration scores at or above theirs.
        var newAt = [Int](repeating: 0, count: calibrationEvents + 1)
        for (index, pValue) in pValues.enumerated() {
            let position = pValue * Double(calibrationEvents + 1)
            let whole = position.rounded()
            // A tenth of a step holds single precision up to a million steps, and finds a p-value
            // that belongs to another bin.
            guard pValue > 0, pValue <= 1, abs(position - whole) < 0.1, whole >= 1 else {
                throw CalibrationError(
                    "pValues[\(index)]",
                    found: NumberText.of(pValue),
                    allowed: "whole multiples of 1/\(calibrationEvents + 1) up to 1"
                )
            }
            newAt[Int(whole) - 1] += 1
        }
        // From the strangest score down: the new events of a gap, then one calibration score.
        let events = pValues.count
        var (passed, largest) = (0, 0)
        for (calibrationPassed, new) in newAt.enumerated() {
            passed += new
            let here = passed * calibrationEvents
            largest = max(largest, abs(here - calibrationPassed * events))
            if calibrationPassed < calibrationEvents {
                largest = max(largest, abs(here - (calibrationPassed + 1) * events))
            }
        }
        return KolmogorovSmirnov(distance: largest, first: calibrationEvents, second: events)
    }
}
