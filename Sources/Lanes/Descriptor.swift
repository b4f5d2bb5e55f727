internal import Glibc

/// Closes a file descriptor; errors of close say nothing that can be acted on here.
func closeDescriptor(_ descriptor: Int32) {
    _ = close(descriptor)
}
