import Catalog
import Messages
import Tensors
import Wire

/// Requests of one kind, encoded once and sent again and again.
struct Recording {
    /// Header and tensor frames of each request.
    let requests: [[[UInt8]]]

    /// As many as the largest window, so that no batch has a row twice.
    private static let count = 64

    init(_ kind: ReplayKind) {
        var state: UInt64 = 0x5EED
        requests = (0..<Self.count).map { index in
            let inputs = kind.model.inputs.map { input in
                TensorValue(
                    name: input.signature.name,
                    shape: [kind.events] + input.signature.shape,
                    floats: Self.draw(input, events: kind.events, state: &state)
                )
            }
            let encoded = RequestEncoder.encode(
                ScoreCall(model: kind.model.name, inputs: inputs),
                id: UInt64(1000 + index),
                inlineBytes: kind.isFramed ? 0 : EncodedRequest.inlineBytes
            )
            return [encoded.header] + encoded.frames
        }
    }

    /// Values within the ranges that the manifest states.
    private static func draw(_ input: Manifest.Input, events: Int, state: inout UInt64) -> [Float] {
        let elements = input.signature.elementCount
        return (0..<events * elements).map { place in
            let features = input.features
            let own = features.isEmpty ? nil : features[place % elements].range
            let range = own ?? input.range
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let unit = Double(state >> 11) * 0x1p-53
            return Float(range.lowerBound + (range.upperBound - range.lowerBound) * unit)
        }
    }
}
