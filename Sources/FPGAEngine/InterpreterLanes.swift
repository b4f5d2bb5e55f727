internal import Tensors

/// A program in numbers of one width: a step runs over a block of events before the next step, so
/// that choosing a step costs little and the compiler makes vectors of it.
@safe
final class InterpreterLanes<Lane: FixedWidthInteger & SignedInteger> {
    /// Most memory for slots: about a first cache; the second takes what is too much, while smaller
    /// blocks choose steps more often.
    private static var slotBytes: Int { 32 << 10 }
    /// Fewer leave vectors unused, more gain little.
    private static var blockLimits: ClosedRange<Int> { 16...512 }

    /// Events of a block.
    let blockEvents: Int
    private let steps: [LaneStep<Lane>]
    private let inputs: [FixedPointFormat]
    private let outputs: [LaneOutput<Lane>]
    private let layout: WordLayout
    private let tables: [[Lane]]
    private let slots: AlignedBuffer

    init(_ program: LoweredProgram, _ plan: SlotPlan, _ layout: WordLayout) {
        let laneBytes = MemoryLayout<Lane>.size
        let fitting = Self.slotBytes / (max(plan.slotCount, 1) * laneBytes)
        let limits = Self.blockLimits
        let whole = fitting / limits.lowerBound * limits.lowerBound
        let block = min(max(whole, limits.lowerBound), limits.upperBound)
        blockEvents = block
        steps = zip(plan.steps, plan.targets).map { LaneStep($0, target: $1, block: block) }
        inputs = program.inputs
        outputs = zip(zip(plan.outputs, program.outputs), program.outputPorts).map {
            LaneOutput(slot: $0.0, negation: $0.1.negation, port: $1, block: block)
        }
        self.layout = layout
        tables = program.tables.map { $0.map { Lane($0) } }
        slots = AlignedBuffer(byteCount: plan.slotCount * block * laneBytes)
        let memory = unsafe slots.base.bindMemory(to: Lane.self, capacity: plan.slotCount * block)
        for constant in plan.constants {
            unsafe (memory + constant.slot * block)
                .update(repeating: Lane(constant.value), count: block)
        }
    }

    func run(events: Int, input: UnsafeRawPointer, output: UnsafeMutableRawPointer) {
        let memory = unsafe slots.base.assumingMemoryBound(to: Lane.self)
        var first = 0
        while first < events {
            let count = min(blockEvents, events - first)
            let block = unsafe LaneBlock(slots: memory, count: count)
            let words = unsafe input + first * layout.inputStride
            for step in steps {
                switch step.kind {
                case .input:
                    unsafe block.read(
                        step,
                        port: inputs[Int(step.first)],
                        words,
                        stride: layout.inputStride
                    )
                case .lookup: block.lookUp(step, tables[Int(step.second)])
                default: block.run(step)
                }
            }
            let target = unsafe output + first * layout.outputStride
            for (place, output) in outputs.enumerated() {
                unsafe block.write(
                    output,
                    target + place * WordLayout.wordBytes,
                    stride: layout.outputStride
                )
            }
            first += count
        }
    }
}

/// An instruction with numbers of one width and places in memory.
struct LaneStep<Lane: FixedWidthInteger & SignedInteger> {
    let kind: Instruction.Kind
    let left: UInt8
    let leftSecond: UInt8
    let right: UInt8
    /// Where numbers lie, or a port, or a table.
    let target: Int32
    let first: Int32
    let second: Int32
    let key: Int32
    let negation: Lane
    let negationSecond: Lane
    let mask: Lane
    let sign: Lane
    let constant: Lane

    /// Slots are `block` numbers apart.
    init(_ instruction: Instruction, target: Int, block: Int) {
        kind = instruction.kind
        // A lane holds no more bits: what is shifted further is gone, or only its sign is left.
        let furthest = Lane.bitWidth - 1
        left = UInt8(min(instruction.left, furthest))
        leftSecond = UInt8(min(instruction.leftSecond, furthest))
        right = UInt8(min(instruction.right, furthest))
        self.target = Int32(target * block)
        let isPort = instruction.kind == .input
        first = Int32(isPort ? instruction.first : instruction.first * block)
        second = Int32(
            instruction.kind == .lookup ? instruction.second : instruction.second * block
        )
        key = Int32(instruction.key * block)
        negation = Lane(instruction.negation)
        negationSecond = Lane(instruction.negationSecond)
        mask = Lane(truncatingIfNeeded: instruction.mask)
        sign = Lane(truncatingIfNeeded: instruction.sign)
        constant = Lane(truncatingIfNeeded: instruction.constant)
    }
}

/// A word that leaves the program.
struct LaneOutput<Lane: FixedWidthInteger & SignedInteger> {
    /// Where the numbers lie; nil for 0.
    let start: Int?
    let negation: Lane
    let mask: Lane
    let sign: Lane

    init(slot: Int?, negation: Int, port: FixedPointFormat, block: Int) {
        start = slot.map { $0 * block }
        self.negation = Lane(negation)
        var held = Instruction(.quantize)
        held.hold(width: port.width, isSigned: port.isSigned)
        mask = Lane(truncatingIfNeeded: held.mask)
        sign = Lane(truncatingIfNeeded: held.sign)
    }
}
