/// A way to evaluate a forest.
///
/// All give the same bits; which one is fastest depends on the model, on the processor and on the
/// number of rows, and is found by measuring.
package enum TreeLayout: Sendable {
    /// Node by node, eight walks side by side: takes every model.
    case walk
    /// By a table of the leaves that each bin of a feature leaves reachable.
    case leafMasks
    /// Shallow trees, many rows side by side.
    case lockstep(LockstepKernel)

    /// Those that this processor can run, if the model allows.
    package static var native: [Self] {
        [.walk, .leafMasks] + LockstepKernel.native.map { .lockstep($0) }
    }

    /// As it is shown to an operator.
    package var text: String {
        switch self {
        case .walk: "walk"
        case .leafMasks: "leaf masks"
        case .lockstep(let kernel): "lockstep (\(kernel.name))"
        }
    }
}
