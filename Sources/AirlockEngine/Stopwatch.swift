/// Measures work for the log; nothing is ever decided by it.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now

    /// The time since it was made.
    var elapsed: Duration { start.duration(to: .now) }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
