import FPGAEngine
import Foundation

/// The emulated card that tests use, and its golden words.
///
/// The folder VIGIL_CARD holds `xrt` (its root), `noop.xclbin`, and `model` with firmware.json,
/// golden words and kernel-emulated.xclbin. `make tests` in Zoo/firmware/card makes all of it.
struct CardBench {
    /// Why there is none.
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    private struct Sidecar: Decodable {
        struct Tensor: Decodable {
            struct Port: Decodable {}
            let ports: [Port]
        }
        struct Golden: Decodable {
            let file: String
            let events: Int
        }
        let kernel: String
        let inputs: [Tensor]
        let outputs: [Tensor]
        let input_stride_bytes: Int
        let output_stride_bytes: Int
        let golden: Golden
    }

    let root: String
    let page: CardPage
    let kernel: CardKernel
    let noopKernel: CardKernel
    let events: Int
    private let inputs: [[Int32]]
    private let outputs: [[Int32]]

    /// An unset variable is a failure, not a reason to skip.
    init() throws {
        guard let folder = ProcessInfo.processInfo.environment["VIGIL_CARD"] else {
            throw Unavailable(description: "VIGIL_CARD is not set: see Zoo/firmware/card/Makefile")
        }
        let model = URL(filePath: folder).appending(path: "model")
        let text = try Data(contentsOf: model.appending(path: "firmware.json"))
        let sidecar = try JSONDecoder().decode(Sidecar.self, from: text)
        func kernel(_ xclbin: String) -> CardKernel {
            CardKernel(
                name: sidecar.kernel,
                xclbin: "\(folder)/\(xclbin)",
                inputStrideBytes: sidecar.input_stride_bytes,
                outputStrideBytes: sidecar.output_stride_bytes
            )
        }
        root = "\(folder)/xrt"
        self.kernel = kernel("model/kernel-emulated.xclbin")
        noopKernel = kernel("noop.xclbin")
        events = sidecar.golden.events
        let bytes = try Data(contentsOf: model.appending(path: sidecar.golden.file))
        let words = stride(from: 0, to: bytes.count, by: 4).map { first in
            Int32(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[first + $1]) << (8 * $1) })
        }
        let inputPorts = sidecar.inputs.reduce(0) { $0 + $1.ports.count }
        let outputPorts = sidecar.outputs.reduce(0) { $0 + $1.ports.count }
        let cut = events * inputPorts
        inputs = (0..<events).map { Array(words[($0 * inputPorts)..<(($0 + 1) * inputPorts)]) }
        outputs = (0..<events).map {
            Array(words[(cut + $0 * outputPorts)..<(cut + ($0 + 1) * outputPorts)])
        }
        page = try CardPage()
    }

    /// Opens XRT on the emulated cards, which look at this bench's page.
    func library() throws -> CardLibrary {
        unsafe setenv("VIGIL_EMULATED_CARD", page.path, 1)
        return try CardLibrary(root: root, mode: .emulated)
    }

    /// Golden inputs into the memory of a slot.
    func fill(_ slot: CardSlot, from first: Int, count: Int) {
        for event in 0..<count {
            for (index, word) in inputs[first + event].enumerated() {
                unsafe slot.input.storeBytes(
                    of: word,
                    toByteOffset: event * kernel.inputStrideBytes + index * 4,
                    as: Int32.self
                )
            }
        }
    }

    /// Whether a slot's outputs are the golden ones.
    func agrees(_ slot: CardSlot, from first: Int, count: Int) -> Bool {
        for event in 0..<count {
            for (index, word) in outputs[first + event].enumerated() {
                let place = event * kernel.outputStrideBytes + index * 4
                guard unsafe slot.output.load(fromByteOffset: place, as: Int32.self) == word else {
                    return false
                }
            }
        }
        return true
    }

    /// A run of some golden events on a card of its own; whether they agree.
    func attempt(
        _ library: CardLibrary,
        count: Int = 16,
        milliseconds: Int = 10_000
    ) throws -> Bool {
        let card = try Card(library: library, index: 0, kernel: kernel)
        let slot = try CardSlot(card: card, events: count)
        fill(slot, from: 0, count: count)
        try slot.start(events: count)
        try slot.wait(milliseconds: milliseconds)
        return agrees(slot, from: 0, count: count)
    }
}
