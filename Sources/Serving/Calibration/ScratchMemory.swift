/// Memory for the time of a call.
enum ScratchMemory {
    /// Bytes up to which it lies on the stack.
    ///
    /// More by the standard library's own fallback would come from the heap too, but Swift 6.3.1 leaves the
    /// error register of that path unset, and a closure that cannot throw is taken for one that did.
    private static let stackBytes = 1024

    /// Calls `body` with room for `count` elements, none of them initialised.
    @inline(__always)
    static func with<Element: BitwiseCopyable, Value>(
        _ type: Element.Type,
        count: Int,
        _ body: (UnsafeMutableBufferPointer<Element>) -> Value
    ) -> Value {
        if count * MemoryLayout<Element>.stride <= stackBytes {
            return unsafe withUnsafeTemporaryAllocation(of: type, capacity: count) { room in
                unsafe body(room)
            }
        }
        let room = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
        defer { unsafe room.deallocate() }
        return unsafe body(room)
    }
}
