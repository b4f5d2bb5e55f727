/// Name, type and shape of one tensor of a model, for one event.
public struct TensorSignature: Sendable, Equatable {
    /// Tensor name in the artefact and on the wire.
    public let name: String
    /// Type of the elements.
    public let type: ElementType
    /// Shape of one event, without the leading event axis; empty for a scalar.
    public let shape: [Int]

    /// A signature; every dimension is at least 1.
    public init(name: String, type: ElementType, shape: [Int]) {
        precondition(shape.allSatisfy { $0 >= 1 })
        self.name = name
        self.type = type
        self.shape = shape
    }

    /// Elements of one event.
    public var elementCount: Int { shape.reduce(1, *) }

    /// Bytes of one event.
    public var byteCount: Int { elementCount * type.byteCount }

    /// As "float32[batch, 61]", for messages.
    public var text: String {
        "\(type.name)[\((["batch"] + shape.map(String.init)).joined(separator: ", "))]"
    }
}
