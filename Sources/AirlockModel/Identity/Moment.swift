/// Wall time: milliseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    package let milliseconds: Int

    package init(milliseconds: Int) { self.milliseconds = milliseconds }

    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Later by a duration; stops at the ends of time, because durations come from outside.
    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        let added = right.milliseconds
        let (sum, isBeyond) = left.milliseconds.addingReportingOverflow(added)
        return Timestamp(milliseconds: isBeyond ? (added < 0 ? .min : .max) : sum)
    }

    /// How much later `left` is than `right`; negative when it is earlier.
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; what does not fit is the nearest number that does.
    package var milliseconds: Int {
        let (seconds, attoseconds) = components
        let rest = Int(attoseconds / 1_000_000_000_000_000)
        let (whole, isBeyond) = Int(seconds).multipliedReportingOverflow(by: 1000)
        let (sum, isBeyondToo) = whole.addingReportingOverflow(rest)
        guard isBeyond || isBeyondToo else { return sum }
        return seconds < 0 ? .min : .max
    }
}

/// Names one boot of the machine: monotonic times of two boots cannot be compared.
package struct BootID: Hashable, Sendable, Codable {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// What `now` is: wall time, monotonic time and the boot to which the monotonic time belongs.
///
/// Windows and expiry use wall time; holds and deadlines add up monotonic time.
package struct Moment: Hashable, Sendable, Codable {
    package let wall: Timestamp
    /// Milliseconds of a clock that is never set; its zero is arbitrary.
    package let monotonicMilliseconds: Int
    package let boot: BootID

    package init(wall: Timestamp, monotonicMilliseconds: Int, boot: BootID) {
        self.wall = wall
        self.monotonicMilliseconds = monotonicMilliseconds
        self.boot = boot
    }

    /// The same moment of the wall clock, from which no monotonic time is counted: like one of another boot.
    package var uncounted: Moment {
        Moment(wall: wall, monotonicMilliseconds: 0, boot: BootID(""))
    }

    /// Monotonic time since `earlier`, or zero when the machine was booted in between.
    package func elapsed(since earlier: Moment) -> Duration {
        guard boot == earlier.boot else { return .zero }
        return .milliseconds(max(0, monotonicMilliseconds - earlier.monotonicMilliseconds))
    }
}
