internal import CLinux

/// What a core may fetch before it is needed.
public enum CacheLine {
    /// Asks for the cache line at `place`, which is not read: any address will do.
    @inline(__always)
    public static func fetch(_ place: UnsafeRawPointer?) { unsafe clinux_prefetch(place) }
}
