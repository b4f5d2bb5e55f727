internal import Catalog
public import Messages
internal import Synchronization

extension ModelService {
    /// Takes truths; `answer` is called once, on another thread.
    public func take(
        _ truths: TruthCall,
        answer: @escaping @Sendable (Result<TruthAnswer, Refusal>) -> Void
    ) {
        guard let lane = truthLane.withLock({ $0 }) else {
            return answer(.failure(noTruths))
        }
        lane.take(truths, answer: answer)
    }

    /// The calibrations, after the one of an id came into use if one is named.
    ///
    /// Reads files: blocks.
    public func calibrations(use id: String?) throws(Refusal) -> CalibrationsReport {
        guard let live else { throw noTruths }
        if let id { try live.choose(id) }
        var report = CalibrationsReport()
        report.model = source.manifest.name
        report.version = source.version
        do throws(FileFailure) {
            report.calibrations = try live.list()
        } catch {
            throw Refusal(.internal, "\(error)")
        }
        report.coverage = live.standing()
        report.problem = live.complaint ?? ""
        return report
    }

    private var noTruths: Refusal {
        Refusal(
            .unsupported,
            source.manifest.truths == nil
                ? "model '\(source.manifest.name)' takes no truths: its manifest has no 'truths'"
                : "model '\(source.manifest.name)' is not calibrated: \(calibrationReason ?? "no calibration")",
            field: "model"
        )
    }
}
