/// Bits of an output's flags, one uint8 an event.
public enum EventFlag {
    /// An input of the event is not finite: it carries no value.
    public static let nonfinite: UInt8 = 1
    /// The event's bin holds too few calibration events: the interval is infinite.
    public static let infinite: UInt8 = 2
    /// The bin column is NaN: no interval.
    public static let unbinned: UInt8 = 4
    /// An input of the event is beyond what the artefact holds in fixed point: it was wrapped or
    /// saturated, as the artefact does.
    public static let outOfRange: UInt8 = 8
}
