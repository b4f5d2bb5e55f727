internal import CXRT

/// XRT, opened at run time out of a folder that settings give.
///
/// There is one root and one mode a process: XRT is set up once and never unloaded. Opening the
/// same again is free; another one is refused. Any thread may open it, but the first time should
/// be before others read the environment, for XRT is told by it. From then on XRT prints nothing.
public final class CardLibrary: Sendable {
    /// What stands behind it.
    public let mode: CardMode

    /// Opens XRT.
    ///
    /// `root` holds `lib/libxrt_coreutil.so.2`, or at least the library of the mode in `lib` where
    /// XRT itself is a library of the system.
    public init(root: String, mode: CardMode) throws(CardFailure) {
        self.mode = mode
        var failure = unsafe cxrt_failure()
        guard unsafe cxrt_library_open(root, mode.code, &failure) == 0 else {
            throw unsafe CardFailure(failure)
        }
    }
}
