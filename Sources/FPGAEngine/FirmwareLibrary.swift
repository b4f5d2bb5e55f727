public import Execution
internal import Glibc
internal import Tensors

/// Runs firmware by the library that da4ml builds of it: its own emulation of the logic.
///
/// The library takes and gives whole rows of words that share one point and one width, the finest
/// and the widest of any port; a word is moved to it and back.
@safe
public final class FirmwareLibrary: FirmwareTarget {
    /// In C: void inference(int32_t *in, int32_t *out, size_t events, size_t threads).
    private typealias Inference =
        @convention(c) (
            UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<Int32>?, Int, Int
        ) -> Void

    /// Events of one call.
    private static let blockEvents = 1024
    private static let symbol = "inference"

    /// Name and version.
    public let version: String
    private let handle: UnsafeMutableRawPointer
    private let inference: Inference
    private let firmware: Firmware
    private let inputShifts: [Int]
    private let outputShifts: [Int]
    private let outputPorts: [FixedPointFormat]
    private let inputs: AlignedBuffer
    private let outputs: AlignedBuffer

    /// Opens the library at `path`, which must contain a slash.
    public init(path: String, _ firmware: Firmware) throws(EngineFailure) {
        guard !firmware.program.hasTables else {
            throw EngineFailure(
                call: "inference library",
                message: "\(path): the program has tables, which the library reads from files"
            )
        }
        inputShifts = try Self.shifts(firmware.inputPorts, "input")
        outputShifts = try Self.shifts(firmware.outputPorts, "output")
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw EngineFailure(call: "dlopen", message: Self.lastError)
        }
        guard let symbol = unsafe dlsym(handle, Self.symbol) else {
            let message = Self.lastError
            unsafe dlclose(handle)
            throw EngineFailure(call: "dlsym", message: message)
        }
        unsafe self.handle = handle
        unsafe inference = unsafeBitCast(symbol, to: Inference.self)
        self.firmware = firmware
        version = "da4ml \(firmware.tools.da4ml) inference"
        outputPorts = firmware.outputPorts
        inputs = AlignedBuffer(byteCount: Self.blockEvents * inputShifts.count * 4)
        outputs = AlignedBuffer(byteCount: Self.blockEvents * outputShifts.count * 4)
    }

    deinit { unsafe dlclose(handle) }

    /// Runs events in blocks, on the calling thread; the library reports no failures.
    public func run(
        events: Int,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer
    ) throws(EngineFailure) {
        let taken = unsafe inputs.base.assumingMemoryBound(to: Int32.self)
        let given = unsafe outputs.base.assumingMemoryBound(to: Int32.self)
        let (inputStride, outputStride) = (
            firmware.layout.inputStride, firmware.layout.outputStride
        )
        for first in stride(from: 0, to: events, by: Self.blockEvents) {
            let count = min(Self.blockEvents, events - first)
            for event in 0..<count {
                let row = unsafe input + (first + event) * inputStride
                for (port, shift) in inputShifts.enumerated() {
                    let word = unsafe row.load(fromByteOffset: port * 4, as: Int32.self)
                    unsafe taken[event * inputShifts.count + port] = word << shift
                }
            }
            unsafe inference(taken, given, count, 1)
            for event in 0..<count {
                let row = unsafe output + (first + event) * outputStride
                for (port, shift) in outputShifts.enumerated() {
                    // Zero-extended: what lies above a word of 32 bits is not there.
                    let word = unsafe given[event * outputShifts.count + port] >> shift
                    let held = Int32(truncatingIfNeeded: outputPorts[port].number(of: word))
                    unsafe row.storeBytes(of: held, toByteOffset: port * 4, as: Int32.self)
                }
            }
        }
    }

    /// How far each port's words lie left of their own point in the library's rows.
    private static func shifts(
        _ ports: [FixedPointFormat],
        _ kind: String
    ) throws(EngineFailure) -> [Int] {
        let finest = ports.map(\.fractionBits).max() ?? 0
        let integer = ports.map(\.integerBits).max() ?? 0
        let width = (ports.contains(where: \.isSigned) ? 1 : 0) + integer + finest
        guard width <= FixedPointFormat.maximumWidth else {
            throw EngineFailure(
                call: "inference library",
                message: "its \(kind) rows would be \(width) bits wide, allowed are 32"
            )
        }
        return ports.map { $0.width == 0 ? 0 : finest - $0.fractionBits }
    }

    private static var lastError: String {
        unsafe dlerror().map { unsafe String(cString: $0) } ?? "no message"
    }
}
