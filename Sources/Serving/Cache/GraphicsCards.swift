internal import Catalog

/// The graphics cards that plans are made for.
enum GraphicsCards {
    private static let folder = "/proc/driver/nvidia"
    private static let maximumCards = 64

    /// The driver and the model of every card, as the driver tells them, or why it does not.
    static let text: String = {
        let names: [String]
        do throws(FileFailure) {
            names = try FileReading.names("\(folder)/gpus", limit: maximumCards)
        } catch {
            return error.description
        }
        let driver = ProcFile.lines("\(folder)/version").first ?? ""
        let models = names.flatMap { name in
            ProcFile.lines("\(folder)/gpus/\(name)/information").filter { $0.hasPrefix("Model:") }
        }
        return ([driver] + models).joined(separator: ", ")
    }()
}
