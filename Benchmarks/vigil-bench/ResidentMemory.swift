/// Memory of a daemon that serves every model, beyond what the models weigh by themselves.
///
/// The models' own is what a process grows by that opens ONNX Runtime, loads the same artefacts and
/// runs one micro-batch of each one's largest shape (SessionsCommand). Everything else counts for
/// the daemon: its code, queues, replies, calibrations, trees, what the allocator keeps of loading,
/// and libzmq's buffers of a client that sends requests of 1,024 events.
struct ResidentMemory {
    private static let target = 64.0
    private static let rows = 1024
    private static let window = 8
    private static let replies = 200

    let setting: Setting

    /// Beyond the models' own, and both by themselves.
    func measure() throws(BenchFailure) -> [Figure] {
        let shelf = try ModelShelf(setting, name: "memory")
        let own = try modelsOwn(shelf)
        let vigild = try Vigild(setting, models: shelf.path, name: "memory")
        let idle = Double(vigild.process.residentBytes)
        for input in try [.null] + ModelInput.zoo(setting) {
            let load = try Load(vigild.endpoint, input.request(rows: Self.rows))
            _ = try load.closed(window: Self.window, replies: Self.replies)
            let single = try Load(vigild.endpoint, input.request(rows: 1))
            _ = try single.closed(window: 256, replies: 20 * Self.replies)
        }
        let served = Double(vigild.process.residentBytes)
        let megabytes = { (bytes: Double) in [bytes / 1e6] }
        return [
            Figure(
                "resident memory beyond the models' own, after requests of \(Self.rows) events",
                megabytes(served - own),
                unit: "MB",
                target: .atMost(Self.target)
            ),
            Figure(
                "resident memory beyond the models' own, before any request",
                megabytes(idle - own),
                unit: "MB"
            ),
            Figure("resident memory of vigild with all models", megabytes(served), unit: "MB"),
            Figure("the models' own, by ONNX Runtime alone", megabytes(own), unit: "MB"),
        ]
    }

    private func modelsOwn(_ shelf: ModelShelf) throws(BenchFailure) -> Double {
        let artefacts = ModelShelf.all.filter { $0 != "er-nr-tree" }.map { model in
            "\(shelf.maximumRows(model)):\(ModelShelf.artefact(model, setting))"
        }
        let process = try ChildProcess(
            [setting.bench, "sessions", "--onnxruntime", setting.onnxRuntime] + artefacts,
            errorPath: "\(setting.work)/sessions.log"
        )
        let numbers = (process.readLine() ?? "").split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 3 else {
            throw BenchFailure("sessions printed nothing: \(process.errors)")
        }
        return numbers[1] - numbers[0]
    }
}
