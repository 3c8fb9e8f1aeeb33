import AirlockModel
import AirlockPlan
import AirlockPorts

/// Test results go from one environment to those after it in the order.
extension EnvironmentReconciler {
    /// Has the other environments look again when an operation ended in a lane whose builds are tested
    /// for them, or when its test job cannot begin.
    func tellOthers(of lane: LaneID, _ end: VisitEnd) async {
        guard tier == .testing, accepted?.slices[name]?.lanes[lane]?.verify != nil else { return }
        switch end {
        case .ended: await wakeAll()
        case .failed(let reason):
            if await books.note(refusal: reason, ofJobIn: lane) { await wakeAll() }
        case .waiting, .yielded:
            if await books.note(refusal: nil, ofJobIn: lane) { await wakeAll() }
        }
    }

    /// What the providers of this environment, and of those whose test results bind it, can do.
    func capabilities(
        under fleet: AcceptedFleet, of slice: FleetSlice
    ) -> [EnvironmentName: Set<Capability>] {
        var found: [EnvironmentName: Set<Capability>] = [:]
        for environment in [name] + slice.testing.environments {
            let provider = fleet.provider(of: environment, among: parts.providers)
            found[environment] = provider?.capabilities(of: environment) ?? []
        }
        return found
    }

    /// Counts what changed in the journal that the plan depends on: its own part first, then that of each
    /// environment whose test results may bind a change of it.
    func revision(of slice: FleetSlice) async -> [Int] {
        var counts: [Int] = []
        for environment in [name] + slice.testing.sources {
            counts.append(await books.revision(of: environment))
        }
        if !slice.testing.others.isEmpty { counts.append(await books.tests) }
        return counts
    }
}

extension LaneWorker {
    /// What the journal keeps beside an operation that ended: the clock's mark, and the result where it
    /// was a test job.
    func marks(
        of operation: OperationRecord, _ outcome: OperationRecord.Outcome, at now: Moment
    ) async -> [JournalWrite] {
        let mark = await books.clockMark(at: now)
        guard let work = operation.verification, case .verified(let outcome) = outcome else {
            return mark
        }
        var record = await books.verifications(of: lane)
        // What git asks for was known while another job of the build ran: nobody asks for that one's result.
        if let asked = desired?.verify, asked != work.job,
            record.result(of: work.build, for: asked) != nil
        {
            return mark
        }
        record.note(
            VerificationResult(
                build: work.build, job: work.job, outcome: outcome, operation: operation.number,
                at: now.wall))
        return mark + [.verified(record)]
    }
}

extension Books {
    /// How the test jobs of a lane came out.
    func verifications(of lane: LaneID) -> VerificationRecord {
        state.verifications[lane] ?? VerificationRecord(lane: lane)
    }

    /// Keeps why the test job that is open in a lane does not begin; nil for no reason any more.
    ///
    /// - Returns: Whether that is something else than before.
    func note(refusal: String?, ofJobIn lane: LaneID) -> Bool {
        guard var operation = state.operation(of: lane), operation.verification != nil,
            operation.rollout.refusal != refusal
        else { return false }
        operation.rollout.refusal = refusal
        remember(operation)
        return true
    }
}

extension OperationRecord {
    /// Whether it starts, stops or routes to slots in its own right; a heal and a test job do not.
    var movesSlots: Bool { heal == nil && verification == nil }
}

extension AuditText {
    /// What is particular to a test job.
    static func detail(of verification: Verification) -> [String: String] {
        [
            "build": verification.build.description, "slot": verification.slot.description,
            "run": verification.job.run.joined(separator: " "),
            "timeout": verification.job.timeout.phrase,
        ]
    }
}

extension Engine {
    /// Forgets that the test job of what a lane settled on did not pass, so that it runs again.
    ///
    /// - Returns: Nothing to do where it passed, or did not end.
    func verifyAgain(
        _ lane: LaneID, by actor: Actor, at now: Timestamp
    ) async -> LedgerTransaction {
        var transaction = LedgerTransaction()
        var record = await books.verifications(of: lane)
        guard let settled = await books.record(of: lane).settled,
            let result = record.results.last(where: { $0.build == settled.slot.build }),
            result.outcome != .passed
        else { return transaction }
        record.forget(result.build)
        transaction.writes.append(.verified(record))
        transaction.entries.append(
            AuditDraft(
                kind: .decision, time: now, actor: actor, lane: lane, commit: settled.commit,
                artifact: settled.slot.artifact, outcome: "verify again",
                detail: [
                    "build": result.build.description, "was": result.outcome.rawValue,
                    "by operation": "\(result.operation)",
                ]))
        return transaction
    }
}
