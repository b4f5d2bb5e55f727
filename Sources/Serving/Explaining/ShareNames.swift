internal import Catalog
internal import Explanations
internal import Tensors

/// What shares are called in replies.
enum ShareNames {
    /// The most shares of an event that are explained: every reply names them all.
    static let maximum = 1 << 16

    /// Names of the numbers of an input: its features', else their places, as "3" or "0,12,5".
    static func each(_ input: Manifest.Input) -> [String] {
        if !input.features.isEmpty { return input.features.map(\.name) }
        if input.signature.shape.isEmpty { return [input.signature.name] }
        return places(input.signature.shape)
    }

    /// Places in a tensor, in C order; none of more than `maximum`.
    static func places(_ shape: [Int]) -> [String] {
        guard shape.reduce(1, *) <= maximum else { return [] }
        var names = [""]
        for size in shape {
            names = names.flatMap { name in
                (0..<size).map { name.isEmpty ? "\($0)" : "\(name),\($0)" }
            }
        }
        return names
    }

    /// Patches of an image as slices of its rows and columns, "0:4,8:12"; none of more than `maximum`.
    static func patches(height: Int, width: Int, side: Int) -> [String] {
        let count = ((height + side - 1) / side) * ((width + side - 1) / side)
        guard count <= maximum else { return [] }
        var names: [String] = []
        for top in stride(from: 0, to: height, by: side) {
            for left in stride(from: 0, to: width, by: side) {
                names.append("\(top):\(min(top + side, height)),\(left):\(min(left + side, width))")
            }
        }
        return names
    }
}
