internal import Glibc

/// Natural logarithm.
func logarithm(_ value: Double) -> Double { log(value) }
