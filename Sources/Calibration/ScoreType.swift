/// How scores stand in a file: whichever is short and still exact.
enum ScoreType: String, CaseIterable {
    /// The shortest decimal that gives the same Double.
    case double = "float64"
    /// The shortest decimal that gives the same Float, widened after reading; for scores born as
    /// Float, as most are, about half as long.
    case float = "float32"

    /// The shortest type that holds all the scores exactly.
    init(holding tables: [[Double]]) {
        self = tables.allSatisfy { $0.allSatisfy(Self.fitsFloat) } ? .float : .double
    }

    /// A score as text.
    func text(_ score: Double) -> String {
        switch self {
        case .double: NumberText.of(score)
        case .float: NumberText.of(Float(score))
        }
    }

    /// A score from the number that was read; infinite if it does not fit.
    func score(_ number: Double) -> Double {
        switch self {
        case .double: number
        case .float: Double(Float(number))
        }
    }

    /// The text is read as a Double first and rounded twice, which in principle may end elsewhere,
    /// so it is tried.
    private static func fitsFloat(_ score: Double) -> Bool {
        let float = Float(score)
        guard Double(float) == score, let read = Double(float.description) else { return false }
        return Float(read) == float
    }
}
