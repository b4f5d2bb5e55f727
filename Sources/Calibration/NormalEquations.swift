/// A few linear equations with a symmetric matrix that is not negative.
enum NormalEquations {
    /// What is added to a pivot that would vanish, of the largest: features that say the same share
    /// what one of them would get.
    private static let least = 1e-12

    /// x of `matrix` x = `vector`, over the unknowns that are `used`; the others are 0.
    static func solve(_ matrix: [[Double]], _ vector: [Double], _ used: [Bool]) -> [Double] {
        let chosen = used.indices.filter { used[$0] }
        let largest = chosen.map { matrix[$0][$0] }.max() ?? 0
        var rows = chosen.map { row in chosen.map { matrix[row][$0] } + [vector[row]] }
        let count = rows.count
        for pivot in 0..<count {
            if rows[pivot][pivot] < least * largest { rows[pivot][pivot] += least * largest }
            guard rows[pivot][pivot] > 0 else { continue }
            for row in pivot + 1..<max(count, pivot + 1) {
                let factor = rows[row][pivot] / rows[pivot][pivot]
                for column in pivot...count { rows[row][column] -= factor * rows[pivot][column] }
            }
        }
        var solution = [Double](repeating: 0, count: used.count)
        for row in stride(from: count - 1, through: 0, by: -1) where rows[row][row] > 0 {
            var rest = rows[row][count]
            for column in row + 1..<max(count, row + 1) {
                rest -= rows[row][column] * solution[chosen[column]]
            }
            solution[chosen[row]] = rest / rows[row][row]
        }
        return solution
    }
}
