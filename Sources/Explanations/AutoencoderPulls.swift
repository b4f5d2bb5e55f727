/// Which sensors make an autoencoder's anomaly score, where the score is the mean squared pull.
///
/// A pull is the difference of measured and reconstructed over the uncertainty expected. The score is a
/// sum over sensors, so its attribution is its terms: nothing is estimated, and no other row evaluated.
public enum AutoencoderPulls {
    /// Pull squared over the number of sensors, one a sensor: their sum is the score but for rounding.
    ///
    /// Refuses pulls that are not finite; `event` is for messages. At least one sensor.
    @specialized(where Pull == Float)
    @specialized(where Pull == Double)
    public static func attributions<Pull: BinaryFloatingPoint>(
        pulls: Span<Pull>,
        event: UInt64
    ) throws(ExplanationError) -> [Double] {
        precondition(pulls.count > 0, "at least one sensor")
        var attributions: [Double] = []
        attributions.reserveCapacity(pulls.count)
        for sensor in pulls.indices {
            let pull = Double(pulls[sensor])
            guard pull.isFinite else {
                throw ExplanationError(
                    "event \(event), pull of sensor \(sensor)",
                    found: "\(pull)",
                    allowed: "finite numbers"
                )
            }
            attributions.append(pull * pull / Double(pulls.count))
        }
        return attributions
    }
}
