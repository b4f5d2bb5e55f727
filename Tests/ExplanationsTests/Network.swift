import Foundation

/// One hidden layer of tanh: a score with every order of interaction.
struct Network: Decodable, Sendable {
    var weights: [[Double]]
    var offsets: [Double]
    var output: [Double]

    func score(_ row: [Double]) -> Double {
        hidden(row).enumerated().reduce(0) { $0 + output[$1.offset] * $1.element }
    }

    func gradient(_ row: [Double]) -> [Double] {
        var gradient = [Double](repeating: 0, count: row.count)
        for (unit, value) in hidden(row).enumerated() {
            for feature in row.indices {
                gradient[feature] += output[unit] * (1 - value * value) * weights[unit][feature]
            }
        }
        return gradient
    }

    private func hidden(_ row: [Double]) -> [Double] {
        weights.indices.map { unit in
            tanh(row.indices.reduce(offsets[unit]) { $0 + weights[unit][$1] * row[$1] })
        }
    }
}
