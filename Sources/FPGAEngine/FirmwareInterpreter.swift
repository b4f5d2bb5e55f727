public import Execution

/// Runs a firmware's program in software, bit for bit as da4ml's own interpreter does, many events
/// at a time.
public final class FirmwareInterpreter: FirmwareTarget {
    /// It changes when outputs could.
    private static let arithmeticVersion = 1

    private enum Lanes {
        case narrow(InterpreterLanes<Int32>)
        case wide(InterpreterLanes<Int64>)
    }

    /// Name and version.
    public var version: String { "vigil-dais \(Self.arithmeticVersion)" }
    /// What was chosen for the program, for people.
    public let evaluation: String
    private let lanes: Lanes

    /// Memory for one thread.
    public convenience init(_ firmware: Firmware) {
        self.init(firmware.program, layout: firmware.layout)
    }

    init(_ program: DAISProgram, layout: WordLayout) {
        let plan = SlotPlan(program.code)
        let block: Int
        if program.code.isNarrow {
            let narrow = InterpreterLanes<Int32>(program.code, plan, layout)
            lanes = .narrow(narrow)
            block = narrow.blockEvents
        } else {
            let wide = InterpreterLanes<Int64>(program.code, plan, layout)
            lanes = .wide(wide)
            block = wide.blockEvents
        }
        evaluation =
            "\(plan.steps.count) steps in \(program.code.isNarrow ? 32 : 64) bits, "
            + "\(plan.slotCount) slots of \(block) events"
    }

    /// Runs events in blocks; never fails.
    public func run(
        events: Int,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer
    ) throws(EngineFailure) {
        switch lanes {
        case .narrow(let lanes): unsafe lanes.run(events: events, input: input, output: output)
        case .wide(let lanes): unsafe lanes.run(events: events, input: input, output: output)
        }
    }
}
