import Messages
import Tensors
import Wire

/// What two decoders read in one request.
struct RequestReadings {
    enum Reading: Equatable {
        case nothing
        case score(UInt64, ExactRequest)
        case control(UInt64, RequestDecoder.Kind)
        case refusal(Refusal)

        init(_ id: UInt64, _ kind: RequestDecoder.Kind, _ request: borrowing ScoreRequest) {
            self = kind == .score ? .score(id, ExactRequest(request)) : .control(id, kind)
        }
    }

    /// As a lane decodes.
    var decoded = Reading.nothing
    /// As protobuf-c decodes.
    var unpacked = Reading.nothing
    /// Whether the lane's way was in place.
    var isInPlace = true

    /// The arena, with a note that protobuf-c needs it.
    mutating func arenaAsked(_ arena: Arena) -> Arena {
        isInPlace = false
        return arena
    }
}

/// Everything a score request holds to the bit: what has an address, NaNs, bytes that are no text.
struct ExactRequest: Equatable {
    private var owned: OwnedRequest
    private var numbers: [UInt64?]
    private var texts: [[UInt8]] = []
    private var haveAddresses: [Bool] = []
    private var firstDimensions: [Int] = []

    init(_ request: borrowing ScoreRequest) {
        owned = OwnedRequest(request)
        owned.coverage = nil
        owned.prior = nil
        numbers = [request.coverage?.bitPattern, request.prior?.bitPattern]
        add(request.model)
        if let version = request.version { add(version) }
        for index in 0..<request.inputCount { add(request.inputs[index]) }
        for index in 0..<request.columnCount { add(request.columns[index]) }
        for index in 0..<request.outputCount { add(request.outputs[index]) }
    }

    private mutating func add(_ text: LentText) {
        haveAddresses.append(unsafe text.base != nil)
        unsafe texts.append([UInt8](UnsafeBufferPointer(start: text.base, count: text.count)))
    }

    private mutating func add(_ tensor: LentTensor) {
        add(tensor.name)
        haveAddresses.append(unsafe tensor.base != nil)
        haveAddresses.append(unsafe tensor.splits != nil)
        firstDimensions.append(tensor.dimensions[0])
    }
}
