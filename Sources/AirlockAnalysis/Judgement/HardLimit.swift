/// A bound that the user wrote: the new slot may not be beyond it for that long.
package struct HardLimit: Hashable, Sendable, Codable {
    /// Which side of the threshold is forbidden. The threshold itself is allowed.
    package enum Side: String, Hashable, Sendable, Codable {
        case above
        case below
    }

    package let signal: SignalName
    package let side: Side
    package let threshold: SignalValue
    /// How long the signal has to be beyond the threshold; zero acts at the first value.
    package let duration: Duration

    package init(signal: SignalName, side: Side, threshold: SignalValue, duration: Duration) {
        self.signal = signal
        self.side = side
        self.threshold = threshold
        self.duration = duration
    }

    /// Whether `value` is on the forbidden side.
    package func forbids(_ value: SignalValue) -> Bool {
        switch side {
        case .above: value > threshold
        case .below: value < threshold
        }
    }
}

/// What a source said about one signal of the new slot.
package enum SignalReading: Hashable, Sendable, Codable {
    /// `at` is in milliseconds since 1970.
    case value(SignalValue, at: Int)
    case fault(DataFault)
}

/// How one limit stands.
package enum LimitState: Hashable, Sendable, Codable {
    case kept
    /// Beyond the threshold, but not for long enough yet.
    case beyond(SignalValue, since: Int)
    /// Beyond for the whole duration: acts at once and stays.
    case broken(SignalValue, since: Int, at: Int)
    /// Nobody knows: neither kept nor broken.
    case unknown(DataFault)
}

/// Follows one limit over its readings.
///
/// Only time between two readings that follow each other closely enough counts towards the
/// duration. A gap (no data, a fault) neither starts nor ends nor fills it.
package struct LimitWatch: Hashable, Sendable, Codable {
    package let limit: HardLimit
    package let freshness: Freshness
    /// As of the last reading.
    package private(set) var state = LimitState.unknown(.empty)
    /// Milliseconds that were seen to be beyond the threshold since the last value that was not.
    private var held = 0
    /// First value of the present time beyond the threshold, in milliseconds since 1970.
    private var since: Int?
    /// When the value before was beyond; nil if it was not, and right after a gap.
    private var lastBeyond: Int?
    /// The newest time that was ever read, in milliseconds since 1970: values at or before it were seen
    /// already.
    package private(set) var newest = Int.min

    package init(limit: HardLimit, freshness: Freshness) {
        self.limit = limit
        self.freshness = freshness
    }

    /// Takes one reading.
    /// - Parameter now: Milliseconds since 1970.
    package mutating func add(_ reading: SignalReading, now: Int) {
        if case .broken = state { return }
        switch reading {
        case .fault(let fault):
            gap(fault)
            // The clock was set back: what it says from now on is new again.
            if fault == .fromTheFuture { newest = .min }
        case .value(let value, let time):
            if let fault = freshness.fault(at: time, now: now) { return gap(fault) }
            guard time > newest else { return }
            add(value, at: time)
        }
    }

    /// Notes that a look came without a reading.
    package mutating func skip(now: Int) {
        if case .broken = state { return }
        if newest == .min || freshness.fault(at: newest, now: now) == .stale {
            gap(newest == .min ? .empty : .stale)
        }
    }

    private mutating func gap(_ fault: DataFault) {
        lastBeyond = nil
        state = .unknown(fault)
    }

    private mutating func add(_ value: SignalValue, at time: Int) {
        newest = time
        guard limit.forbids(value) else {
            held = 0
            lastBeyond = nil
            since = nil
            state = .kept
            return
        }
        let start = since ?? time
        since = start
        if let lastBeyond {
            let step = time - lastBeyond
            if step <= freshness.oldest { held += step }
        }
        lastBeyond = time
        state =
            held >= limit.duration.wholeMilliseconds
            ? .broken(value, since: start, at: time) : .beyond(value, since: start)
    }
}
