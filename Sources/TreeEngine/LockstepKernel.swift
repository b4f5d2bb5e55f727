package import CTreeKernels

/// Code that takes rows through shallow trees side by side, for one kind of processor.
@safe
package struct LockstepKernel {
    /// The instructions that it needs.
    package let name: String
    /// Rows side by side.
    let rows: Int
    let add: ctreekernels_add

    /// Those that this processor and its operating system can run.
    package static let native: [Self] = [
        unsafe Self(name: "AVX2", rows: ctreekernels_rows_avx2, add: ctreekernels_avx2()),
        unsafe Self(name: "AVX-512 VBMI", rows: ctreekernels_rows_vbmi, add: ctreekernels_vbmi()),
    ].compactMap(\.self)

    /// Nil where there is no function to call.
    package init?(name: String, rows: Int, add: ctreekernels_add?) {
        guard let add = unsafe add else { return nil }
        self.name = name
        self.rows = rows
        unsafe self.add = add
    }
}

// Safe because a C function that keeps no state may run on any thread.
extension LockstepKernel: @unchecked Sendable {}
