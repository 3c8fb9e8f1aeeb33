import AirlockAnalysis
import AirlockEngine
import AirlockHost
import AirlockModel
import AirlockPorts
import AirlockRollout

/// A lane that is watched after a change, as `airlock rollout status` shows it.
struct WatchView: Encodable {
    /// How long the source is asked, at most one question more: at a few answers a second a watch of a
    /// week would take minutes.
    private static let patience = Duration.seconds(15)

    /// Where one signal is.
    struct Standing: Encodable {
        let signal: String
        let standing: String
    }

    /// A signal that left its usual course.
    struct Alarm: Encodable {
        let signal: String
        let at: String
        let evidence: String
        /// When the signal was back; nil while it is not.
        let over: String?
    }

    let lane: String
    let version: String?
    /// The operation whose result is watched.
    let operation: Int
    let change: String
    let since: String
    let until: String
    /// `alert rollback`.
    let onAlarm: String
    /// `low normal high`.
    let sensitivity: String
    /// Seconds between two samples.
    let every: Int
    /// Seconds of what ran before that were learned from.
    let learnedSeconds: Int
    let signals: [Standing]
    /// The time until which ``signals`` are known, where the source did not tell all of it; nil where it
    /// did.
    let seenUntil: String?
    /// Why there is no more, in the words of what measures; nil where there is all.
    let missing: String?
    let alarms: [Alarm]
    private let rest: Duration

    /// Asks the source again for what the watch has seen; nothing is written.
    init(
        _ record: WatchRecord, signals source: (any SignalSource)?, by clock: some AirlockClock
    ) async {
        let now = clock.now().wall
        var watch = PromotionWatch(record, spacing: source?.traits.spacing ?? 1)
        let isWhole = await watch.catchUp(
            record, from: source, by: clock, within: Self.patience)
        seenUntil = isWhole ? nil : Timestamp(milliseconds: watch.next * 1000).rfc3339
        let late = "the source had no time for more in \(Self.patience.phrase)"
        missing = isWhole ? nil : watch.missed ?? late
        every = watch.spacing
        lane = record.change.lane.description
        if case .slot(_, let version, _) = record.change.target {
            self.version = version
        } else {
            version = nil
        }
        operation = record.operation
        change = record.change.id.description
        (since, until) = (record.since.rfc3339, record.until.rfc3339)
        onAlarm = record.onAlarm.rawValue
        sensitivity = (record.sensitivity ?? .normal).rawValue
        let history = record.history?.spacing == watch.spacing ? record.history : nil
        learnedSeconds = history?.seconds ?? 0
        var known = record
        // What was found until then may be over by now.
        if isWhole { _ = known.take(watch.alarms) }
        signals = watch.standing(beside: known.alarms).map {
            Standing(signal: $0.signal.description, standing: $0.words)
        }
        alarms = known.alarms.map { alarm in
            Alarm(
                signal: alarm.name, at: alarm.at.rfc3339, evidence: alarm.evidence,
                over: alarm.over?.rfc3339)
        }
        rest = record.until - now
    }

    private enum CodingKeys: CodingKey {
        case lane, version, operation, change, since, until, onAlarm, sensitivity, every
        case learnedSeconds, signals, seenUntil, missing, alarms
    }

    var text: String {
        let name = "\(lane)\(version.map { "  \($0)" } ?? "")"
        let learned =
            learnedSeconds == 0
            ? "nothing of what ran before; the usual is learned from the first "
                + Duration.seconds(Watch.warmUp * every).phrase
            : "\(Duration.seconds(learnedSeconds).phrase) of what ran before"
        var lines = [
            "\(name)  settled by operation \(operation), watched "
                + (rest > .zero ? "for \(rest.phrase) more" : "until no alarm stands"),
            "learned  \(learned)",
            "judged   sensitivity \(sensitivity), a sample every \(every) s",
        ]
        lines += signals.map { "signal   \($0.signal) \($0.standing)" }
        if let seenUntil, let missing {
            lines.append(
                "seen     until \(seenUntil): \(missing.visible); the alarms are those that were "
                    + "recorded")
        }
        lines += alarms.map { alarm in
            let end = alarm.over.map { "to \($0)" } ?? "on"
            return "alarm    \(alarm.evidence), from \(alarm.at) \(end)"
        }
        let then =
            onAlarm == "rollback"
            ? "an alarm of errors or latency rolls back" : "an alarm is recorded and told"
        return (lines + ["next     \(then)"]).joined(separator: "\n")
    }
}
