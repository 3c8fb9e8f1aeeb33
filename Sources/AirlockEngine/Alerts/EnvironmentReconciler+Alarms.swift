import AirlockModel

/// What a watch after a promotion found, as alerts that stand as long as its alarms do.
extension EnvironmentReconciler {
    static func alarms(of watch: WatchRecord) -> [Alert] {
        let standing = watch.alarms.filter { $0.over == nil }
        return [
            alert(standing.filter(\.isHarm), of: watch),
            silence(standing.filter { !$0.isHarm }, of: watch),
        ].compactMap(\.self)
    }

    private static func alert(_ alarms: [WatchRecord.Alarm], of watch: WatchRecord) -> Alert? {
        guard let since = alarms.map(\.at).min() else { return nil }
        let lane = watch.change.lane
        let goesBack = watch.onAlarm == .rollback && alarms.contains(where: \.takesBack)
        let advice =
            if !goesBack {
                "Look at `airlock rollout status \(lane)`; `airlock rollback \(lane)` offers the "
                    + "way back, or release a fix."
            } else {
                "It goes back by itself as soon as nothing else is under way in the lane; "
                    + "`airlock status` says what is."
            }
        return Alert(
            .promotionAlarm, of: .lane(lane), commit: watch.change.commit,
            summary: "\(lane) turned bad after its change had settled",
            evidence: evidence(of: alarms), advice: advice, since: since)
    }

    private static func silence(_ alarms: [WatchRecord.Alarm], of watch: WatchRecord) -> Alert? {
        guard let since = alarms.map(\.at).min() else { return nil }
        let lane = watch.change.lane
        return Alert(
            .signalsDown, of: .lane(lane), commit: watch.change.commit,
            summary: "\(lane) cannot be watched: its signals are not known",
            evidence: evidence(of: alarms),
            advice:
                "Mend what measures it (docs/signals.md); nothing is taken back for lack of "
                + "numbers.", since: since)
    }

    private static func evidence(of alarms: [WatchRecord.Alarm]) -> String {
        alarms.map { "\($0.evidence) since \($0.at.rfc3339)." }.joined(separator: " ")
    }
}

extension Books {
    /// The watches of an environment, sorted by lane.
    func watches(in environment: EnvironmentName) -> [WatchRecord] {
        index.watched(in: environment).sorted().compactMap { state.lanes[$0]?.watch?.value }
    }
}
