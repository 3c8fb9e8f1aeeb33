package import AirlockModel

/// How long a lane rests after a failure: 1 s, doubled each time, at most 60 s, with jitter.
package struct Backoff: Sendable {
    private static let first = 1_000
    private static let longest = 60_000

    private var attempts = 0
    /// Monotonic milliseconds before which the lane is left alone.
    private var notBefore = 0

    /// No failure yet.
    package init() {}

    /// Counts a failure.
    ///
    /// The jitter takes up to a quarter off, by a hash of the lane and the attempt: lanes that failed
    /// together do not come back together, and a replay does the same again.
    package mutating func fail(lane: LaneID, now: Moment) { fail(name: "\(lane)", now: now) }

    /// Counts a failure of anything that has a name.
    mutating func fail(name: String, now: Moment) {
        let longest = min(Self.longest, Self.first << min(attempts, 10))
        attempts += 1
        let noise = Digest(of: "\(name) \(attempts)".utf8).description.prefix(4)
        let part = Int(noise, radix: 16) ?? 0
        let rest = longest - longest * part / (4 * 65_536)
        notBefore = now.monotonicMilliseconds + rest
    }

    /// How long the lane still rests; zero when it may go.
    package func rest(now: Moment) -> Duration {
        .milliseconds(max(0, notBefore - now.monotonicMilliseconds))
    }
}
