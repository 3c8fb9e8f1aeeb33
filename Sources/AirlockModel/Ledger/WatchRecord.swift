package import AirlockAnalysis

/// How a lane is watched after a change settled in it, where its release says so.
package struct WatchPlan: Hashable, Sendable, Codable {
    /// The longest ``time``.
    package static let longest = Duration.seconds(7 * 86_400)

    /// For how long; zero for not at all.
    package var time: Duration
    package var onAlarm: OnAlarm
    /// Nil for ``Sensitivity/normal``.
    package var sensitivity: Sensitivity?

    /// What an alarm does besides being recorded and told.
    package enum OnAlarm: String, Hashable, Sendable, Codable, CaseIterable {
        case alert
        /// The lane goes back to what it ran before, and the new slot is quarantined.
        case rollback
    }

    /// How readily an alarm is raised.
    package enum Sensitivity: String, Hashable, Sendable, Codable, CaseIterable {
        case low
        case normal
        case high

        /// How the detector knows it; its figures are those of `normal`.
        package var value: AirlockAnalysis.Sensitivity {
            switch self {
            case .low: .lower
            case .normal: .standard
            case .high: .higher
            }
        }
    }

    package init(
        time: Duration, onAlarm: OnAlarm = .alert, sensitivity: Sensitivity? = nil
    ) {
        self.time = time
        self.onAlarm = onAlarm
        self.sensitivity = sensitivity
    }
}

/// What a lane's signals were like before a change began, as far as a watch has to know it; of one size,
/// however long it was learned from.
package struct WatchHistory: Hashable, Sendable, Codable {
    /// How far back is looked: an hour, or as many samples as a watch needs to know a signal well.
    ///
    /// - Parameter spacing: Seconds between two samples.
    package static func window(spacing: Int) -> Duration {
        max(.seconds(3_600), .seconds(2 * Watch.warmUp * spacing))
    }

    /// Seconds that were learned from.
    package let seconds: Int
    /// In the order of ``HardLimit/Known``.
    package let watches: [Watch]
    /// Seconds between two samples; nil for one, as of histories from before there was another.
    private let every: Int?

    /// Seconds between two samples, at least 1.
    package var spacing: Int { max(1, every ?? 1) }

    /// - Parameter spacing: Seconds between two samples.
    package init(seconds: Int, watches: [Watch], spacing: Int = 1) {
        self.seconds = seconds
        self.watches = watches
        every = spacing > 1 ? spacing : nil
    }
}

/// A lane that is watched because a change settled in it a short while ago.
package struct WatchRecord: Hashable, Sendable, Codable {
    /// The change that settled; its base is what the lane goes back to.
    package let change: Change
    /// The operation that carried it out.
    package let operation: Int
    package let since: Timestamp
    package let until: Timestamp
    package let onAlarm: WatchPlan.OnAlarm
    /// Nil for ``WatchPlan/Sensitivity/normal``, as of records from before there was another.
    package let sensitivity: WatchPlan.Sensitivity?
    /// Nil where nobody measured the lane before.
    package let history: WatchHistory?
    /// The newest of each signal, in the order in which they were raised.
    package private(set) var alarms: [Alarm]

    /// Takes over what a look found.
    ///
    /// - Returns: What was raised or is over since the last one.
    package mutating func take(_ found: [Alarm]) -> [Alarm] {
        // One that is over stays so: a watch that begins again finds it standing first.
        let news = found.filter { new in
            !alarms.contains { old in
                old == new || (old.signal == new.signal && old.at == new.at && old.over != nil)
            }
        }
        alarms.removeAll { old in news.contains { $0.signal == old.signal } }
        alarms += news
        return news
    }

    /// A signal that left its usual course.
    package struct Alarm: Hashable, Sendable, Codable {
        package let signal: SignalName
        package let at: Timestamp
        /// What it did, with numbers, in one sentence.
        package let evidence: String
        /// Whether it is the release's doing as far as anybody can tell; a source that fell silent is not.
        package let isHarm: Bool
        /// When the signal was back; nil while the alarm stands.
        package var over: Timestamp?

        /// Whether it is a reason to go back: users meet errors and latency, while more of the processor or
        /// of memory may be what the release was written for.
        package var takesBack: Bool {
            let met = [HardLimit.Known.errorRate.name, HardLimit.Known.latencyP99.name]
            return isHarm && met.contains(signal)
        }

        /// The signal's name.
        package var name: String { signal.description }

        package init(signal: SignalName, at: Timestamp, evidence: String, isHarm: Bool) {
            self.signal = signal
            self.at = at
            self.evidence = evidence
            self.isHarm = isHarm
        }
    }

    package init(
        change: Change, operation: Int, since: Timestamp, until: Timestamp,
        onAlarm: WatchPlan.OnAlarm, sensitivity: WatchPlan.Sensitivity? = nil,
        history: WatchHistory?, alarms: [Alarm] = []
    ) {
        self.change = change
        self.operation = operation
        self.since = since
        self.until = until
        self.onAlarm = onAlarm
        self.sensitivity = sensitivity
        self.history = history
        self.alarms = alarms
    }
}

/// A value that few of many records have, kept apart so that those without it stay small.
package indirect enum Boxed<Value: Hashable & Sendable & Codable>: Hashable, Sendable, Codable {
    case some(Value)

    package init(_ value: Value) { self = .some(value) }

    /// What is kept.
    package var value: Value {
        switch self {
        case .some(let value): value
        }
    }

    package init(from decoder: any Decoder) throws { self = .some(try Value(from: decoder)) }

    package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
