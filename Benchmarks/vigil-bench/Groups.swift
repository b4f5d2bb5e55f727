import Glibc

/// All groups of measures, in the order they run.
struct Groups {
    /// What `--only` takes.
    static let names = [
        "small", "streams", "server", "offline", "large", "calibration", "monitoring", "trees",
        "firmware", "offload", "trigger", "peers", "clients", "priorities", "memory", "reload",
        "growth",
    ]
    /// They take minutes: not part of a quick run unless they are asked for.
    private static let long = ["reload", "growth"]

    let setting: Setting
    /// Names that were asked for, or none for all.
    let chosen: [String]
    let printsLines: Bool
    /// What was measured.
    private(set) var figures: [Figure] = []
    /// Groups that were not measured, and why.
    private(set) var left: [String] = []
    /// Whether a group could not be measured to its end.
    private(set) var hasFailed = false

    init(setting: Setting, chosen: [String], printsLines: Bool) {
        self.setting = setting
        self.chosen = chosen
        self.printsLines = printsLines
    }

    /// Runs them; a group that fails says so and leaves the others to run.
    mutating func run() throws(BenchFailure) {
        Progress.begin("vigild")
        let shelf = try ModelShelf(setting, name: "all")
        let vigild = try Vigild(setting, models: shelf.path, name: "all")
        for name in Self.names where chosen.isEmpty || chosen.contains(name) {
            if setting.isQuick, chosen.isEmpty, Self.long.contains(name) {
                leave("\(name): not part of a quick run")
                continue
            }
            if name == "peers", !PeerRequests.isSetUp(setting) {
                leave("peers: Triton is missing, run Benchmarks/setup")
                continue
            }
            Progress.begin(name)
            do throws(BenchFailure) {
                let found = try Self.measure(name, setting, vigild)
                Progress.clear()
                if printsLines {
                    for figure in found { print(figure.line) }
                    fflush(nil)
                }
                figures += found
            } catch {
                leave("\(name): \(error)")
                hasFailed = true
            }
        }
        Progress.clear()
    }

    private mutating func leave(_ reason: String) {
        left.append(reason)
        Progress.note("not measured: \(reason)")
    }

    private static func measure(
        _ name: String,
        _ setting: Setting,
        _ vigild: Vigild
    ) throws(BenchFailure) -> [Figure] {
        switch name {
        case "small":
            return try SmallRequests(setting, vigild).measure()
        case "streams":
            let inputs = try inputs(setting, quick: ["er-nr-mlp"])
            return try StreamScenarios(setting: setting, vigild: vigild).measure(inputs)
        case "server":
            let inputs = try inputs(setting, quick: ["null", "er-nr-mlp"])
            return try ServerScenario(setting: setting, vigild: vigild).measure(inputs)
                + (setting.isQuick ? [] : ServerScenario.delays(setting))
        case "offline":
            let inputs = try inputs(setting, quick: ["null", "er-nr-mlp"])
            return try OfflineScenario(setting: setting, vigild: vigild)
                .measure(inputs, isMatrix: !setting.isQuick)
        case "large":
            return try LargeRequests(setting: setting, vigild: vigild).measure()
        case "calibration":
            return try CalibrationCost(setting: setting, vigild: vigild).measure()
        case "monitoring":
            return try MonitoringCost(setting: setting).measure()
        case "trees":
            return try TreeRequests(setting: setting, vigild: vigild).measure()
                + TreeAttributions(setting: setting).measure()
        case "firmware":
            return try FirmwareRuns(setting: setting).measure()
        case "offload":
            return try OffloadCost(setting: setting).measure()
        case "trigger":
            return try TriggerProfile(setting: setting).measure()
        case "peers":
            return try PeerRequests(setting: setting, vigild: vigild).measure()
        case "clients":
            return try ManyClients(setting: setting, vigild: vigild).measure()
        case "priorities":
            return try Priorities(setting: setting, vigild: vigild).measure()
        case "memory":
            return try ResidentMemory(setting: setting).measure()
        case "reload":
            return try ReloadUnderLoad(setting: setting).measure()
        default:
            return try MemoryGrowth(setting: setting).measure()
        }
    }

    /// Every model, or those few that a quick run has time for.
    private static func inputs(
        _ setting: Setting,
        quick: [String]
    ) throws(BenchFailure) -> [ModelInput] {
        let all = [.null] + (try ModelInput.zoo(setting)) + [.cnn]
        return setting.isQuick ? all.filter { quick.contains($0.model) } : all
    }
}
