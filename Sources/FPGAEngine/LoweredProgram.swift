/// A program as instructions on whole numbers, and how wide a lane must be that holds all of them.
///
/// Bounds of every number follow from the ports' formats alone, so a lane is wide enough for any
/// words whatever: sums are exact, as in da4ml's own interpreter, and are never cut to what their
/// format claims.
struct LoweredProgram: Sendable {
    /// A word that leaves the program.
    struct Output: Sendable, Equatable {
        /// The instruction that gives it; nil for 0.
        let source: Int?
        /// -1 where its negative is meant, else 0.
        let negation: Int
    }

    /// In the order of the file; operands come first.
    let instructions: [Instruction]
    let inputs: [FixedPointFormat]
    let outputs: [Output]
    let outputPorts: [FixedPointFormat]
    let tables: [[Int32]]
    /// Whether 32 bits hold every number.
    let isNarrow: Bool

    init(
        _ listing: DAISListing,
        file: String,
        inputs: [FixedPointFormat],
        outputs: [FixedPointFormat]
    ) throws(FirmwareError) {
        try Self.check("inputs", listing.inputShifts.count, inputs.count, file)
        try Self.check("outputs", listing.outputs.count, outputs.count, file)
        var lowering = Lowering(listing, file: file, inputs: inputs)
        try lowering.run()
        self.outputs = try lowering.outputs(outputs)
        self.inputs = inputs
        outputPorts = outputs
        instructions = lowering.instructions
        tables = lowering.tables
        isNarrow = lowering.isNarrow
    }

    private static func check(
        _ what: String,
        _ found: Int,
        _ allowed: Int,
        _ file: String
    ) throws(FirmwareError) {
        guard found == allowed else {
            throw FirmwareError(
                "\(file): \(what)",
                found: "\(found)",
                allowed: "\(allowed), as many as ports in \(Firmware.fileName)"
            )
        }
    }
}
