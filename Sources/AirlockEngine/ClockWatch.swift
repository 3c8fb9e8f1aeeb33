package import AirlockModel

/// Notices a wall clock that was set: production does not go forward while it cannot be trusted.
package struct ClockWatch: Sendable {
    /// How far wall time may move against monotonic time.
    static let tolerance = Duration.seconds(30)
    /// How long the clock must run true after it was set before it is trusted again.
    static let probation = Duration.seconds(600)

    private var reference: Moment
    private var brokeAt: Moment?
    private var highest: Timestamp

    /// Starts from the ledger's high-water mark, which tells of a step while the process was down.
    package init(mark: Moment?, now: Moment) {
        reference = mark.flatMap { $0.boot == now.boot ? $0 : nil } ?? now
        highest = mark?.wall ?? now.wall
    }

    /// Why the clock cannot be trusted at `now`; nil when it can.
    package mutating func fault(at now: Moment) -> String? {
        let step = (now.wall - reference.wall) - now.elapsed(since: reference)
        if step > Self.tolerance || step < .zero - Self.tolerance {
            reference = now
            brokeAt = now
        }
        if now.wall + Self.tolerance < highest {
            return "the clock is behind the last moment of the ledger, \(highest.rfc3339)"
        }
        if let broke = brokeAt {
            guard now.elapsed(since: broke) >= Self.probation else {
                return "the clock was set while Airlock was running"
            }
            brokeAt = nil
        }
        highest = max(highest, now.wall)
        return nil
    }
}
