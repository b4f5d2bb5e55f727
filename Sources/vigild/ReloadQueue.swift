/// Runs reloads one after another.
///
/// Whoever asks while one runs waits for the next, which all that ask by then share: what they
/// changed in the folder is read for certain, and no queue grows.
actor ReloadQueue {
    private var running: Task<[String], Never>?
    private var next: Task<[String], Never>?

    /// What a reload that starts after this call has changed, by `read`.
    func run(_ read: @escaping @Sendable () async -> [String]) async -> [String] {
        if let next { return await next.value }
        let before = running
        let task = Task {
            if let before {
                _ = await before.value
                running = next
                next = nil
            }
            let changes = await read()
            if next == nil { running = nil }
            return changes
        }
        if before == nil { running = task } else { next = task }
        return await task.value
    }
}
