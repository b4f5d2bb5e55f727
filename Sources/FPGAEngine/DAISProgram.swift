/// What firmware computes: da4ml's program of fixed-point operations, checked, and lowered to
/// instructions on whole numbers.
public struct DAISProgram: Sendable {
    /// Largest file, in bytes: half a million operations.
    static let fileBytes = 16 << 20

    /// Operations of the file, those that no output needs among them.
    public let operationCount: Int
    /// Whether it has tables, which da4ml's own library reads from files of its own.
    let hasTables: Bool
    /// What the interpreter runs.
    let code: LoweredProgram

    /// Reads `bytes` of `file` and holds them against the ports; refuses, never traps.
    init(
        _ bytes: [UInt8],
        file: String,
        inputs: [FixedPointFormat],
        outputs: [FixedPointFormat]
    ) throws(FirmwareError) {
        let listing = try DAISListing(bytes, file: file)
        operationCount = listing.operations.count
        hasTables = !listing.tables.isEmpty
        code = try LoweredProgram(listing, file: file, inputs: inputs, outputs: outputs)
    }
}
