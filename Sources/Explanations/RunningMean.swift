/// Mean and spread of numbers that come one by one, by Welford's recurrence (Technometrics 4, 1962).
struct RunningMean {
    private var count = 0
    private(set) var mean = 0.0
    private var squares = 0.0

    mutating func take(_ value: Double) {
        count += 1
        let distance = value - mean
        mean += distance / Double(count)
        squares += distance * (value - mean)
    }

    /// The standard error of the mean; NaN of a single number, which has no spread.
    var standardError: Double {
        guard count > 1 else { return .nan }
        return (squares / Double(count - 1) / Double(count)).squareRoot()
    }
}
