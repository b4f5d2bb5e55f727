// Re-exported, for whoever reads a refusal's members must see the module that declares them.
@_exported public import StrictJSON

/// Why a calibration could not be made or read; the key path or the argument, what was found there,
/// and what is allowed.
///
/// It is the error of the fields that calibration files are read by, so one function may do both.
public typealias CalibrationError = ContentError
