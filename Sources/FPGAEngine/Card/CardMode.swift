internal import CXRT

/// What stands behind XRT.
public enum CardMode: String, Sendable, CaseIterable {
    /// Cards of this machine, by XRT's driver.
    case hardware
    /// Cards that `libxrt_emulated` simulates: the kernel's own Verilog, clock by clock.
    case emulated
    /// XRT's own stand-in: every run ends at once and computes nothing.
    case noop

    var code: cxrt_mode {
        switch self {
        case .hardware: CXRT_HARDWARE
        case .emulated: CXRT_EMULATED
        case .noop: CXRT_NOOP
        }
    }
}
