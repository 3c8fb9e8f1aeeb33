package import AirlockModel
import AirlockPlan
import AirlockPorts
import Logging

/// The requests that verbs send while the engine runs, and that they carry out themselves otherwise.
extension Engine: ControlHandler {
    /// How often a waiting request looks whether the work is done.
    private static let glance = Duration.milliseconds(25)
    /// How long a request without a wait may take to come to rest.
    private static let tickLimit = Duration.seconds(60)
    /// The newest operations among which a request looks for what it did.
    private static let operationsOfRequest = 20_000

    package func handle(_ request: ControlRequest, from peer: ControlPeer) async -> ControlAnswer {
        let result: ControlAnswer.Result
        do throws(EngineHalt) {
            result = try await answer(request.call, from: peer)
        } catch {
            result = .failed(message: error.phrase, advice: "see the log of the running airlock")
        }
        return ControlAnswer(id: request.id, result: result)
    }

    private func answer(
        _ call: ControlRequest.Call, from peer: ControlPeer
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        switch call {
        case .reconcile(let request): return try await reconcile(request)
        case .freeze(let scope, let reason, let lasting):
            return try await freeze(scope, reason: reason, lasting: lasting, by: peer.actor)
        case .thaw(let scope): return try await thaw(scope, by: peer.actor)
        case .retry(let lane): return try await retry(lane, by: peer.actor)
        case .health: return .health(await health())
        }
    }

    // MARK: Reconciling on request

    /// Asks the running loops for a look and waits until they have come to rest.
    private func reconcile(
        _ request: ReconcileRequest
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        for reconciler in reconcilers.values { await reconciler.forgetEndings() }
        try await look()
        let started = clock.now()
        let limit = request.wait ?? Self.tickLimit
        while await !isAtRest(settled: request.wait != nil),
            clock.now().elapsed(since: started) < limit
        {
            do { try await clock.sleep(for: Self.glance) } catch { break }
        }
        if let expect = request.expect {
            let stale = expect.subtracting(try await currentChanges(since: started.wall))
            guard stale.isEmpty else { return .stale(message: Self.phrase(stale: stale)) }
        }
        return .reconciled(await summary())
    }

    private func isAtRest(settled: Bool) async -> Bool {
        for reconciler in reconcilers.values {
            guard await reconciler.isIdle else { return false }
            if settled, await !reconciler.status.underWay.isEmpty { return false }
        }
        return true
    }

    /// Ids of changes that are planned, under way or settled, and of those that ended since then:
    /// a removal leaves nothing settled behind.
    private func currentChanges(
        since start: Timestamp
    ) async throws(EngineHalt) -> Set<ChangeID> {
        var current: Set<ChangeID> = []
        for reconciler in reconcilers.values {
            current.formUnion(await reconciler.status.lanes.compactMap(\.change?.id))
        }
        for record in await books.state.lanes.values {
            if let id = record.settled?.change { current.insert(id) }
        }
        do {
            let limit = Self.operationsOfRequest
            for operation in try await books.ledger.operations(of: nil, limit: limit) {
                guard let ended = operation.ended, ended >= start, let change = operation.change
                else { continue }
                current.insert(change.id)
            }
        } catch { throw .ledger(error) }
        return current
    }

    /// What a person reads when the plan they saw is not the plan any more.
    package static func phrase(stale: Set<ChangeID>) -> String {
        let ids = stale.sorted().prefix(3).map(\.short).joined(separator: ", ")
        return "\(stale.count) of the expected changes are not what would be done now (\(ids)…)"
    }

    // MARK: Freezing, thawing, retrying

    private func freeze(
        _ scope: Freeze.Scope, reason: String, lasting: Duration?, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        let now = clock.now().wall
        let freeze = Freeze(
            scope: scope, reason: reason, actor: actor, from: now,
            until: lasting.map { now + $0 })
        var entry = draft(.frozen, scope, by: actor, at: now)
        entry.outcome = "frozen"
        entry.detail["reason"] = reason
        entry.detail["until"] = freeze.until?.rfc3339
        try await books.commit(LedgerTransaction(writes: [.freeze(freeze)], entries: [entry]))
        await wakeAll()
        let end = freeze.until.map { "until \($0.rfc3339)" } ?? "until `airlock thaw \(scope)`"
        return .done(message: "\(scope) is frozen \(end)")
    }

    private func thaw(
        _ scope: Freeze.Scope, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        guard await books.freeze(at: scope) != nil else {
            return .failed(
                message: "\(scope) is not frozen",
                advice: "`airlock status` shows what is")
        }
        var entry = draft(.thawed, scope, by: actor, at: clock.now().wall)
        entry.outcome = "thawed"
        try await books.commit(LedgerTransaction(writes: [.thaw(scope)], entries: [entry]))
        await wakeAll()
        return .done(message: "\(scope) is thawed")
    }

    private func retry(
        _ lane: LaneID, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        let found = await books.quarantines(of: lane)
        guard !found.isEmpty else {
            return .failed(
                message: "\(lane) has no slot in quarantine",
                advice: "`airlock explain \(lane)` says what holds it")
        }
        let now = clock.now().wall
        var transaction = LedgerTransaction()
        for quarantine in found {
            transaction.writes.append(.release(lane, quarantine.slot))
            transaction.entries.append(
                AuditDraft(
                    kind: .released, time: now, actor: actor, lane: lane,
                    artifact: quarantine.artifact, outcome: "released",
                    detail: ["slot": quarantine.slot.description]))
        }
        try await books.commit(transaction)
        await wakeAll()
        return .done(message: "\(lane) is tried again")
    }

    private func draft(
        _ kind: AuditKind, _ scope: Freeze.Scope, by actor: Actor, at time: Timestamp
    ) -> AuditDraft {
        switch scope {
        case .environment(let name):
            AuditDraft(kind: kind, time: time, actor: actor, environment: name)
        case .lane(let lane): AuditDraft(kind: kind, time: time, actor: actor, lane: lane)
        }
    }

    private func wakeAll() async {
        for reconciler in reconcilers.values { await reconciler.wake() }
    }
}
