internal import CProtobufC
internal import Glibc

/// Memory for the structures of one message: taken piece by piece, given back all at once.
///
/// protobuf-c allocates from it, so that decoding and encoding cost no malloc in steady
/// state. It has a limit, so that a small header cannot ask for much memory. One thread.
@safe
public final class Arena {
    /// Bytes kept from message to message at most.
    private static let keptBytes = 1 << 20
    private static let firstBytes = 4096
    private static let alignment = 16

    private var chunk: UnsafeMutableRawPointer
    private var chunkBytes: Int
    private var used = 0
    /// Chunks that the first one was too small for.
    private var overflow: [UnsafeMutableRawPointer] = unsafe []
    private var total = 0
    private var limit = Int.max
    /// What protobuf-c calls.
    let allocator: UnsafeMutablePointer<ProtobufCAllocator>

    /// An empty arena.
    public init() {
        chunkBytes = Self.firstBytes
        unsafe chunk = .allocate(byteCount: Self.firstBytes, alignment: Self.alignment)
        unsafe allocator = .allocate(capacity: 1)
        unsafe allocator.initialize(to: ProtobufCAllocator())
        unsafe allocator.pointee.alloc = unsafe arenaAllocate
        unsafe allocator.pointee.free = unsafe arenaFree
        unsafe allocator.pointee.allocator_data = unsafe Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        reset()
        unsafe chunk.deallocate()
        unsafe allocator.deallocate()
    }

    /// Gives everything back; the next message may take at most `limit` bytes.
    public func reset(limit: Int = .max) {
        self.limit = limit
        if unsafe !overflow.isEmpty {
            for index in unsafe overflow.indices { unsafe overflow[index].deallocate() }
            unsafe overflow.removeAll(keepingCapacity: true)
            let wanted = min(total, Self.keptBytes)
            if wanted > chunkBytes {
                unsafe chunk.deallocate()
                chunkBytes = wanted
                unsafe chunk = .allocate(byteCount: wanted, alignment: Self.alignment)
            }
        }
        used = 0
        total = 0
    }

    /// `bytes` bytes aligned to 16, or nil past the limit.
    func take(bytes: Int) -> UnsafeMutableRawPointer? {
        let rounded = (bytes + Self.alignment - 1) & ~(Self.alignment - 1)
        guard rounded >= 0, total <= limit - rounded else { return nil }
        total += rounded
        if unsafe overflow.isEmpty, used + rounded <= chunkBytes {
            defer { used += rounded }
            return unsafe chunk + used
        }
        let extra = UnsafeMutableRawPointer.allocate(
            byteCount: max(rounded, 1),
            alignment: Self.alignment
        )
        unsafe overflow.append(extra)
        return unsafe extra
    }

    /// Room for `count` values that C fills; for encoding, where there is no limit.
    func make<Value>(_ type: Value.Type, count: Int = 1) -> UnsafeMutablePointer<Value> {
        guard let memory = unsafe take(bytes: max(count, 1) * MemoryLayout<Value>.stride) else {
            preconditionFailure("encoding has no limit")
        }
        return unsafe memory.bindMemory(to: Value.self, capacity: max(count, 1))
    }

    /// A copy of a string for C.
    func text(_ string: String) -> UnsafeMutablePointer<CChar> {
        var string = string
        return string.withUTF8 { bytes in
            let copy = unsafe make(CChar.self, count: bytes.count + 1)
            for index in 0..<bytes.count {
                unsafe copy[index] = unsafe CChar(bitPattern: bytes[index])
            }
            unsafe copy[bytes.count] = 0
            return unsafe copy
        }
    }
}

@c
private func arenaAllocate(
    _ data: UnsafeMutableRawPointer?,
    _ bytes: Int
) -> UnsafeMutableRawPointer? {
    guard let data = unsafe data else { return nil }
    return unsafe Unmanaged<Arena>.fromOpaque(data).takeUnretainedValue().take(bytes: bytes)
}

@c
private func arenaFree(_ data: UnsafeMutableRawPointer?, _ memory: UnsafeMutableRawPointer?) {}
