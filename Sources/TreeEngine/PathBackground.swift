internal import Tensors

/// What stands for the features that a coalition does not know.
enum PathBackground {
    /// The events trained on, as the covers tell: each condition is met independently of the
    /// others, with the share of events that took its side (Lundberg, Erion and Lee 2018).
    case covers
    /// Rows, each as likely (Lundberg et al. 2020).
    case rows(BackgroundRows)

    /// How often all conditions of a set are met, by the bits of the set.
    func held(by path: LeafPath) -> [Double] {
        let conditions = path.conditions
        var held = [Double](repeating: 1, count: 1 << conditions.count)
        switch self {
        case .covers:
            for set in held.indices.dropFirst() {
                let bit = set.trailingZeroBitCount
                held[set] = held[set & (set - 1)] * conditions[bit].share
            }
        case .rows(let background):
            for set in held.indices { held[set] = 0 }
            background.forEachPattern(of: path) { held[Int($0)] += 1 }
            // From rows that meet exactly a set to rows that meet at least that set.
            for bit in conditions.indices {
                for set in held.indices where set >> bit & 1 == 0 {
                    held[set] += held[set | 1 << bit]
                }
            }
            for set in held.indices { held[set] /= Double(background.count) }
        }
        return held
    }
}

/// Rows of a background, as keys.
final class BackgroundRows: Sendable {
    /// How many there are.
    let count: Int
    private let featureCount: Int
    private let memory: AlignedBuffer

    /// `rows` is not empty and holds whole rows of `featureCount` features.
    init(_ rows: [Float], featureCount: Int) {
        count = rows.count / featureCount
        self.featureCount = featureCount
        memory = AlignedBuffer(
            byteCount: FeatureKey.byteCount(rows: count, featureCount: featureCount)
        )
        let keys = unsafe keys
        unsafe rows.withUnsafeBufferPointer { rows in
            if let base = rows.baseAddress { unsafe keys.write(base) }
        }
    }

    private var keys: EventKeys {
        unsafe EventKeys(memory.base, rows: count, featureCount: featureCount)
    }

    /// Gives which of a path's conditions each row meets, a bit each, row after row.
    func forEachPattern(of path: LeafPath, _ body: (UInt64) -> Void) {
        let conditions = path.conditions.map { PathCondition($0) }
        let keys = unsafe keys
        for row in 0..<count {
            var pattern: UInt64 = 0
            for (bit, condition) in conditions.enumerated() {
                let isMet = unsafe condition.isMet(by: row, of: keys)
                pattern |= (isMet ? 1 : 0) << UInt64(bit)
            }
            body(pattern)
        }
    }
}
