import AirlockAnalysis
import AirlockModel

/// What the bounds of a release would have done over recorded signals.
struct BacktestReport: Encodable {
    let release: String?
    let incidents: [IncidentView]
    let signals: [SignalReport]

    struct IncidentView: Encodable {
        let start: String
        let end: String
        let name: String

        init(_ incident: KnownIncident) {
            start = Timestamp(milliseconds: incident.start).rfc3339
            end = Timestamp(milliseconds: incident.end).rfc3339
            name = incident.name
        }
    }

    /// What came of one signal.
    struct SignalReport: Encodable {
        let signal: String
        let file: String
        let values: Int
        let from: String
        let to: String
        /// The median distance of two values.
        let stepMilliseconds: Int?
        let limits: [LimitReport]
        let learned: [LearnedReport]
    }

    /// What one bound would have done.
    struct LimitReport: Encodable {
        let limit: String
        let actions: [ActionView]
        let score: ScoreView
        let neighbours: [NeighbourView]
    }

    /// One time at which the release would have been rolled back.
    struct ActionView: Encodable {
        let at: String
        let value: String
        /// The incident in which it came; nil for a false alarm.
        let incident: String?
        /// How long after that incident's start.
        let afterMilliseconds: Int?
    }

    /// A bound beside the one that was asked for.
    struct NeighbourView: Encodable {
        let limit: String
        let isAsked: Bool
        let score: ScoreView
    }

    /// What the learned detector would have done.
    struct LearnedReport: Encodable {
        let sensitivity: Double
        let alarms: [String]
        let score: ScoreView
    }

    /// How actions compare with the incidents in the time of the series.
    struct ScoreView: Encodable {
        let found: Int
        let incidents: Int
        let medianDelayMilliseconds: Int?
        /// All actions where no incidents are known.
        let falseAlarms: Int
        let falseAlarmsPerDay: Double?

        init(_ score: ReplayScore) {
            found = score.found
            incidents = score.delays.count
            medianDelayMilliseconds = score.medianDelay
            falseAlarms = score.falseAlarms.count
            falseAlarmsPerDay = score.falseAlarmsPerDay.map { ($0 * 1000).rounded() / 1000 }
        }
    }
}

/// Replays recorded signals against bounds, and beside them a detector that learns.
struct Backtest {
    /// At how many sensitivities the detector runs.
    static let sensitivities = [0.25, 0.5, 0.75].compactMap(Sensitivity.init)

    /// One signal and what ran over it.
    struct Replayed {
        let name: SignalName
        let file: String
        let series: RecordedSeries
        /// Those of the series' own time.
        let incidents: [KnownIncident]
        let limits: [LimitReplay]
        let learned: [(sensitivity: Sensitivity, alarms: [Int])]

        func score(_ actions: [Int]) -> ReplayScore {
            ReplayScore(actions, incidents: incidents, length: series.length)
        }
    }

    let release: String?
    let incidents: [KnownIncident]
    let replayed: [Replayed]

    /// - Parameter limits: Of the signals that were given; others have no bound.
    init(
        release: String?, signals: [SignalArgument], limits: [HardLimit], incidents: [KnownIncident]
    ) throws {
        (self.release, self.incidents) = (release, incidents)
        replayed = try signals.map { signal in
            let series = try signal.series()
            let (first, last) = (series.points.first?.at ?? 0, series.points.last?.at ?? 0)
            return Replayed(
                name: signal.name, file: signal.file, series: series,
                incidents: incidents.filter { $0.end >= first && $0.start <= last },
                limits: limits.filter { $0.signal == signal.name }
                    .map { LimitReplay($0, over: series) },
                learned: Self.sensitivities.map { sensitivity in
                    (sensitivity, Detector.alarms(over: series, sensitivity: sensitivity))
                })
        }
    }

    /// The whole in a form for people and programs; runs the neighbours of each bound.
    var report: BacktestReport {
        BacktestReport(
            release: release, incidents: incidents.map(BacktestReport.IncidentView.init),
            signals: replayed.map(Self.report))
    }

    private static func report(_ one: Replayed) -> BacktestReport.SignalReport {
        BacktestReport.SignalReport(
            signal: one.name.description, file: one.file, values: one.series.points.count,
            from: Timestamp(milliseconds: one.series.points.first?.at ?? 0).rfc3339,
            to: Timestamp(milliseconds: one.series.points.last?.at ?? 0).rfc3339,
            stepMilliseconds: one.series.step,
            limits: one.limits.map { report($0, of: one) },
            learned: one.learned.map { sensitivity, alarms in
                BacktestReport.LearnedReport(
                    sensitivity: sensitivity.value,
                    alarms: alarms.map { Timestamp(milliseconds: $0).rfc3339 },
                    score: .init(one.score(alarms)))
            })
    }

    private static func report(
        _ replay: LimitReplay, of one: Replayed
    ) -> BacktestReport.LimitReport {
        BacktestReport.LimitReport(
            limit: replay.limit.text,
            actions: replay.actions.map { action in
                let incident = one.incidents.first { $0.contains(action.at) }
                return BacktestReport.ActionView(
                    at: Timestamp(milliseconds: action.at).rfc3339,
                    value: one.name.text(action.value), incident: incident?.title,
                    afterMilliseconds: incident.map { action.at - $0.start })
            },
            score: .init(one.score(replay.actions.map(\.at))),
            neighbours: LimitReplay.neighbours(of: replay.limit).map { limit in
                let actions = LimitReplay(limit, over: one.series).actions.map(\.at)
                return BacktestReport.NeighbourView(
                    limit: limit.bound, isAsked: limit == replay.limit,
                    score: .init(one.score(actions)))
            })
    }
}

extension KnownIncident {
    /// Its name, or its start where it has none.
    var title: String { name.isEmpty ? Timestamp(milliseconds: start).rfc3339 : name }
}
