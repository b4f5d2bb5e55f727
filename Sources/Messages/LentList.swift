/// A fixed number of places that are read and written where they lie.
///
/// An inline array would be copied whole, a kilobyte, whenever one of its elements is read on the
/// request path.
@safe
public struct LentList<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    // Safe because whoever owns the list is its only user.
    @usableFromInline let places: UnsafeMutablePointer<Element>
    /// How many places there are.
    public let capacity: Int

    /// `capacity` places that hold `value`.
    public init(repeating value: Element, capacity: Int) {
        self.capacity = capacity
        unsafe places = .allocate(capacity: capacity)
        unsafe places.initialize(repeating: value, count: capacity)
    }

    deinit {
        unsafe places.deallocate()
    }

    /// Place `index`; out of bounds is a bug.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always) unsafeAddress {
            unsafe UnsafePointer(place(index))
        }
        @inline(__always) nonmutating unsafeMutableAddress {
            unsafe place(index)
        }
    }

    @inlinable
    func place(_ index: Int) -> UnsafeMutablePointer<Element> {
        precondition(index >= 0 && index < capacity)
        return unsafe places + index
    }
}
