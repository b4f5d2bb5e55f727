import Messages
import Wire

/// Loops as long as a turn of a measure should be.
extension Load {
    private static let estimateNanoseconds = 20e6

    /// How many replies take about `seconds`, by ever longer trials; they also warm up.
    ///
    /// At least so many that every client's window is filled more than once.
    func replies(seconds: Double, window: Int) throws(BenchFailure) -> Int {
        let fewest = max(4, 2 * window * clients)
        var count = fewest
        while true {
            let rate = try closed(window: window, replies: count).perSecond
            if Double(count) / rate * 1e9 > Self.estimateNanoseconds {
                return max(fewest, Int(rate * seconds))
            }
            count *= 4
        }
    }

    /// Replies per second of a closed loop.
    func rate(window: Int, replies: Int) throws(BenchFailure) -> Double {
        try closed(window: window, replies: replies).perSecond
    }

    /// Percentiles in microseconds of a closed loop with one request in flight.
    func streamPercentiles(_ percentiles: [Double], replies: Int) throws(BenchFailure) -> [Double] {
        let outcome = try closed(window: 1, replies: replies, isTimed: true)
        let found = Percentiles(outcome.latencies)
        return percentiles.map { found.microseconds($0) }
    }

    /// The answer to one request.
    func answer() throws(BenchFailure) -> ScoreAnswer {
        let frames = try sample()
        // The sample comes without its id.
        let header = [0x08, 0x01] + frames[0]
        let reply: DecodedReply
        do {
            reply = try Self.decode(header, frames.dropFirst())
        } catch {
            throw BenchFailure("\(error)")
        }
        guard case .score(let answer) = reply else { throw BenchFailure("refused: \(reply)") }
        return answer
    }

    private static func decode(
        _ header: [UInt8],
        _ frames: ArraySlice<[UInt8]>
    ) throws -> DecodedReply {
        let block = frames.flatMap { $0 }
        return try unsafe header.withUnsafeBytes { header in
            try unsafe block.withUnsafeBytes { bytes in
                var place = 0
                let lent = frames.map { frame in
                    defer { place += frame.count }
                    return unsafe LentFrame(
                        base: bytes.baseAddress.map { unsafe $0 + place },
                        count: frame.count
                    )
                }
                return try unsafe lent.withUnsafeBufferPointer { lent in
                    try unsafe ReplyDecoder.decode(
                        LentFrame(base: header.baseAddress, count: header.count),
                        frames: lent
                    ).reply
                }
            }
        }
    }
}
