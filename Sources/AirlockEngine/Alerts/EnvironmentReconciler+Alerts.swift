package import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout

extension EnvironmentReconciler {
    /// How long a lane or an environment may fail before a person is told.
    private static let patience = Duration.seconds(300)
    /// How long a rollout may wait for its signals before a person is told.
    private static let silence = Duration.seconds(120)

    /// What stands in the environment: from the journal, the last plan and what runs, never from memory
    /// of what was told.
    func alerts(at now: Moment) async -> [Alert] {
        let (operations, steerings, quarantines, freeze) = await books.standing(
            in: name, at: now.wall)
        var alerts: [Alert] = []
        for plan in status.lanes {
            let quarantine = quarantines[plan.lane]?.last
            if let quarantine, await isHeldBack(plan, by: quarantine) {
                alerts.append(Self.rolledBack(quarantine, commit: plan.change?.commit))
            }
        }
        for operation in operations {
            guard case .forward = operation.rollout.direction else { continue }
            let wait = operation.waitsForPerson(steerings[operation.number])
            // A person can end the wait while signals are missing, too.
            if let wait { alerts.append(Self.waiting(operation, wait)) }
            if let silence = operation.rollout.canary?.silence,
                now.wall - silence.since >= Self.silence
            {
                alerts.append(Self.silent(operation, silence))
            } else if wait == nil,
                let evidence = Rollout.staysOpen(operation, steerings[operation.number])
            {
                alerts.append(Self.undecided(operation, evidence))
            }
        }
        for (lane, reason) in status.failures {
            guard let since = status.failingSince[lane], now.wall - since >= Self.patience else {
                continue
            }
            alerts.append(failing(lane, reason, since))
        }
        if let freeze { alerts.append(Self.frozen(freeze)) }
        if described?.healing != nil {
            for record in await books.healed(in: name) {
                if let alert = Self.needsPerson(record) { alerts.append(alert) }
            }
        }
        for watch in await books.watches(in: name) { alerts += Self.alarms(of: watch) }
        if let fault = status.fault, let since = status.faultSince,
            now.wall - since >= Self.patience
        {
            alerts.append(unreachable(fault, since))
        }
        return alerts
    }

    /// Whether the lane is going back to where it was, or git still asks for what was rolled back.
    private func isHeldBack(_ plan: LanePlan, by quarantine: Quarantine) async -> Bool {
        switch plan.disposition {
        case .back(let operation): return operation == quarantine.operation
        // While nobody can read what git asks for, what it asked for last stands.
        case .hold(.parked):
            return await books.record(of: plan.lane).held?.quarantined == quarantine.slot
        case .change, .repair, .heal, .verify, .hold, .leave: break
        }
        // Whatever is done for what serves, and whatever else holds the change.
        return plan.verdicts.contains { $0.gate == .quarantine && $0.answer == .refuse }
    }

    private static func rolledBack(_ quarantine: Quarantine, commit: CommitID?) -> Alert {
        let lane = quarantine.lane
        return Alert(
            .rolloutRolledBack, of: .lane(lane), commit: commit,
            summary: "\(lane) was rolled back; slot \(quarantine.slot.short) is quarantined",
            evidence: quarantine.reason,
            advice:
                "Merge the revert (`airlock rollback \(lane)` names its branch, or prints the patch), "
                + "or release a fix; to try the same again: `airlock rollout retry \(lane)`.",
            since: quarantine.since)
    }

    private static func silent(
        _ operation: OperationRecord, _ silence: CanaryState.Silence
    ) -> Alert {
        let lane = operation.lane
        let isIdle = operation.rollout.canary?.isIdle == true
        return Alert(
            .signalsDown, of: .lane(lane), commit: operation.commit,
            summary: "the rollout of \(lane) waits: its signals are not known",
            evidence: silence.reason,
            advice: "Mend what measures it (docs/signals.md); "
                + (isIdle
                    ? "its new slot gets no traffic until its bounds are known, and is given up at "
                        + "its `deadline`. "
                    : "nothing is promoted or rolled back for lack of numbers. ")
                + "`airlock rollout status \(lane)` asks again.",
            since: silence.since)
    }

    private static func waiting(_ operation: OperationRecord, _ wait: PersonWait) -> Alert {
        let lane = operation.lane
        return Alert(
            .rolloutUndecided, of: .lane(lane), commit: operation.commit,
            summary: "the rollout of \(lane): \(wait.phrase)",
            evidence: wait.told,
            advice: "Look at `airlock rollout status \(lane)`; then \(wait.advice(for: lane))"
                + (wait.isApproval ? "." : ", or leave it until the evidence decides."),
            since: wait.since)
    }

    /// A step that had its time and lacks what no person can stand in for.
    private static func undecided(
        _ operation: OperationRecord, _ evidence: String
    ) -> Alert {
        let lane = operation.lane
        return Alert(
            .rolloutUndecided, of: .lane(lane), commit: operation.commit,
            summary: "a step of the rollout of \(lane) had its time and stays undecided",
            evidence: evidence,
            advice:
                "Look at `airlock rollout status \(lane)`; mend what it names, or "
                + "`airlock rollout abort \(lane)`.",
            since: operation.rollout.canary?.sharedSince ?? operation.opened)
    }

    private func failing(_ lane: LaneID, _ reason: String, _ since: Timestamp) -> Alert {
        Alert(
            .laneFailing, of: .lane(lane), commit: standing.lanes[lane]?.change?.commit,
            summary: "\(lane) cannot be brought to what git says",
            evidence: reason,
            advice:
                "Look at the provider of \(name); `airlock explain \(lane)` says what is wanted. "
                + "It is tried again at least every minute.",
            since: since)
    }

    /// What healing pages a person for, as one alert of the lane; nil for nothing.
    private static func needsPerson(_ record: LaneRecord) -> Alert? {
        let pages = (record.healing?.said ?? []).filter { $0.kind == .page }
        guard let newest = pages.max(by: { $0.since < $1.since }) else { return nil }
        return Alert(
            .healingNeedsPerson, of: .lane(record.lane), commit: record.settled?.commit,
            summary: "\(record.lane): \(newest.text)",
            evidence: pages.map(\.evidence).filter { !$0.isEmpty }.joined(separator: " "),
            advice: newest.advice, since: record.healing?.paged ?? newest.since)
    }

    private static func frozen(_ freeze: Freeze) -> Alert {
        let scope = freeze.scope
        return Alert(
            .environmentFrozen, of: scope, summary: "\(scope) is frozen",
            evidence: "\(freeze.actor.id): \(freeze.reason)"
                + (freeze.until.map { " (until \($0.rfc3339))" } ?? ""),
            advice: "When it is over: `airlock thaw \(scope)`.", since: freeze.from)
    }

    private func unreachable(_ fault: String, _ since: Timestamp) -> Alert {
        Alert(
            .environmentFailing, of: .environment(name),
            summary: "\(name) cannot be looked at or claimed", evidence: fault,
            advice: "Look at its provider; `airlock status` says how it stands.", since: since)
    }
}

extension Books {
    /// Lanes of an environment that healing has said something about.
    func healed(in environment: EnvironmentName) -> [LaneRecord] {
        index.healed(in: environment).sorted().compactMap { state.lanes[$0] }.filter {
            $0.settled != nil && $0.healing?.said.isEmpty == false
        }
    }

    /// What of an environment may need a person, in one go.
    func standing(
        in environment: EnvironmentName, at time: Timestamp
    ) -> (
        operations: [OperationRecord], steerings: [Int: Steering],
        quarantines: [LaneID: [Quarantine]], freeze: Freeze?
    ) {
        let freeze = state.freezes[.environment(environment)]
        return (
            state.operations.values.filter { $0.lane.environment == environment }
                .sorted { $0.number < $1.number },
            state.steerings,
            state.quarantines.filter { $0.key.environment == environment },
            freeze.flatMap { $0.isInForce(at: time) ? $0 : nil }
        )
    }
}

extension Engine {
    /// What stands in the whole fleet, as the desk asks for it; nil before there is one.
    package func standing() async -> (fleet: FleetName, alerts: [Alert])? {
        guard let fleet = await keeper.accepted?.fleet.name else { return nil }
        var alerts: [Alert] = []
        for reconciler in inOrder { alerts += await reconciler.alerts(at: clock.now()) }
        if let stop = await books.stop, stop.isInForce(at: clock.now().wall) {
            alerts.insert(Alert(stop), at: 0)
        }
        return (fleet, alerts)
    }
}

extension Alert {
    /// That everything is stopped; another telling each time that a person is paged anew.
    fileprivate init(_ stop: FleetStop) {
        self.init(
            .fleetStopped, of: nil, summary: "everything is stopped, automatic rollback too",
            evidence: "since \(stop.from.rfc3339) by \(stop.actor.id): \(stop.reason)",
            advice: "When it is over: `airlock thaw --all`.", since: stop.paged ?? stop.from)
    }
}
