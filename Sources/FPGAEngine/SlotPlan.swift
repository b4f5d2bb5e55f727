/// Which slot of the interpreter's memory each number lies in, so that few are needed: one is used
/// again as soon as nothing wants its number any more.
struct SlotPlan: Sendable {
    /// What runs for every block of events, with slots in place of instructions.
    let steps: [Instruction]
    /// The slot that each step writes; never one that it reads.
    let targets: [Int]
    /// Slots that are filled once, and with what.
    let constants: [(slot: Int, value: Int64)]
    /// The slot of each output; nil for 0.
    let outputs: [Int?]
    let slotCount: Int

    /// Instructions that no output needs are left out.
    init(_ program: LoweredProgram) {
        let instructions = program.instructions
        let lastUse = Self.lastUse(program)
        var slots = [Int](repeating: -1, count: instructions.count)
        var free: [Int] = []
        var count = 0
        func take() -> Int {
            if let slot = free.popLast() { return slot }
            count += 1
            return count - 1
        }
        // Constants first: their slots are never used again.
        var constants: [(slot: Int, value: Int64)] = []
        for (index, instruction) in instructions.enumerated()
        where instruction.kind == .constant && lastUse[index] > index {
            slots[index] = take()
            constants.append((slots[index], instruction.constant))
        }
        var steps: [Instruction] = []
        var targets: [Int] = []
        for (index, instruction) in instructions.enumerated()
        where instruction.kind != .constant && lastUse[index] > index {
            slots[index] = take()
            targets.append(slots[index])
            steps.append(Self.placed(instruction, slots))
            for operand in Set(instruction.operands)
            where lastUse[operand] == index && instructions[operand].kind != .constant {
                free.append(slots[operand])
            }
        }
        self.steps = steps
        self.targets = targets
        self.constants = constants
        outputs = program.outputs.map { $0.source.map { slots[$0] } }
        slotCount = count
    }

    /// The last instruction that needs each, itself where none does, and the end for outputs.
    private static func lastUse(_ program: LoweredProgram) -> [Int] {
        let instructions = program.instructions
        var lastUse = Array(instructions.indices)
        for output in program.outputs {
            if let source = output.source { lastUse[source] = instructions.count }
        }
        for index in instructions.indices.reversed() where lastUse[index] > index {
            for operand in instructions[index].operands {
                lastUse[operand] = max(lastUse[operand], index)
            }
        }
        return lastUse
    }

    private static func placed(_ instruction: Instruction, _ slots: [Int]) -> Instruction {
        var placed = instruction
        switch instruction.operands.count {
        case 3:
            placed.key = slots[instruction.key]
            fallthrough
        case 2:
            placed.second = slots[instruction.second]
            fallthrough
        case 1: placed.first = slots[instruction.first]
        default: break
        }
        return placed
    }
}
