/// A calibration in use, and how answers are written with it.
final class CalibratedAnswers: Sendable {
    let calibration: LoadedCalibration
    let planner: AnswerPlanner
    let plan: AnswerPlan
    /// Plans that requests made by naming raw outputs.
    let named = NamedPlans()

    /// nil where the calibration does not fit the planner's manifest.
    init?(_ calibration: LoadedCalibration, planner: AnswerPlanner) {
        guard let plan = planner.calibrated([]) else { return nil }
        self.calibration = calibration
        self.planner = planner
        self.plan = plan
    }
}
