import CTreeKernels
import CTreeKernelsEmulated
import TreeEngine

/// The layouts under test: all that this processor runs, and AVX-512's kernel emulated.
enum TestLayouts {
    /// The kernel's own source with its instructions emulated; nil if SIMDe was not installed.
    static let emulated = unsafe LockstepKernel(
        name: "AVX-512 VBMI, emulated",
        rows: ctreekernels_rows_vbmi,
        add: ctreekernels_vbmi_emulated()
    )

    static let all = TreeLayout.native + (emulated.map { [.lockstep($0)] } ?? [])

    /// An ensemble that uses `layout` and no other, or walks where the model does not fit it.
    static func ensemble(_ json: [UInt8], _ layout: TreeLayout) throws -> TreeEnsemble {
        try TreeEnsemble(xgboostJSON: json, layouts: [layout], clock: ContinuousClock())
    }
}
