internal import CWireMessages
internal import Messages

extension ReplyEncoder {
    /// The most frames that attributions take: shares, errors, scores, base, residuals.
    public static let maximumAttributionFrames = 5

    /// The message of attributions, whose tensors come after all others.
    mutating func message(
        _ attributions: Attributions,
        rows: Int,
        _ isFramed: Bool
    ) -> UnsafeMutablePointer<Vigil__V1__Attributions> {
        let message = unsafe make(Vigil__V1__Attributions.self)
        unsafe vigil__v1__attributions__init(message)
        unsafe message.pointee.output = unsafe text(attributions.output)
        unsafe message.pointee.unit = unsafe text(attributions.unit)
        unsafe message.pointee.method = unsafe text(attributions.method)
        unsafe message.pointee.n_features = attributions.features.count
        unsafe message.pointee.features = unsafe texts(attributions.features)
        let shape = [rows, attributions.features.count]
        unsafe message.pointee.value = unsafe place(
            attributions.value,
            shape: shape,
            isFramed: isFramed
        )
        if let error = attributions.error {
            unsafe message.pointee.error = unsafe place(error, shape: shape, isFramed: isFramed)
        }
        unsafe message.pointee.score = unsafe place(
            attributions.score,
            shape: [rows],
            isFramed: isFramed
        )
        if let base = attributions.base {
            unsafe message.pointee.base_value = unsafe place(
                base,
                shape: [rows],
                isFramed: isFramed
            )
        }
        if let residual = attributions.residual {
            unsafe message.pointee.residual = unsafe place(
                residual,
                shape: [rows],
                isFramed: isFramed
            )
        }
        unsafe message.pointee.has_evaluations = 1
        unsafe message.pointee.evaluations = UInt64(attributions.evaluations)
        unsafe message.pointee.background = unsafe attributions.background.map { unsafe text($0) }
        unsafe message.pointee.gradient = unsafe attributions.gradient.map { unsafe text($0) }
        return unsafe message
    }

    /// The message that describes explanations.
    func message(
        _ explanation: ExplanationDescription
    ) -> UnsafeMutablePointer<Vigil__V1__ExplanationDescription> {
        let message = unsafe make(Vigil__V1__ExplanationDescription.self)
        unsafe vigil__v1__explanation_description__init(message)
        unsafe message.pointee.output = unsafe text(explanation.output)
        unsafe message.pointee.method = unsafe text(explanation.method)
        unsafe message.pointee.n_features = explanation.features.count
        unsafe message.pointee.features = unsafe texts(explanation.features)
        unsafe message.pointee.background = unsafe explanation.background.map { unsafe text($0) }
        unsafe message.pointee.has_background_rows = explanation.background == nil ? 0 : 1
        unsafe message.pointee.background_rows = UInt64(explanation.backgroundRows)
        unsafe message.pointee.gradient = unsafe explanation.gradient.map { unsafe text($0) }
        unsafe message.pointee.has_evaluations = 1
        unsafe message.pointee.evaluations = UInt64(explanation.evaluations)
        unsafe message.pointee.has_nanoseconds = 1
        unsafe message.pointee.nanoseconds = UInt64(explanation.nanoseconds)
        unsafe message.pointee.has_limit_nanoseconds = 1
        unsafe message.pointee.limit_nanoseconds = UInt64(explanation.limitNanoseconds)
        unsafe message.pointee.reason = unsafe explanation.reason.map { unsafe text($0) }
        return unsafe message
    }
}
