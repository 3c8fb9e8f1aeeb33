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
        case .freezeAll(let reason, let lasting):
            return try await freezeAll(reason: reason, lasting: lasting, by: peer.actor)
        case .thawAll: return try await thawAll(by: peer.actor)
        case .retry(let lane): return try await retry(lane, by: peer.actor)
        case .steer(let lane, let steer, let reason):
            return try await self.steer(lane, steer, reason: reason, by: peer.actor)
        case .acceptRewrite(let commit): return try await acceptRewrite(commit, by: peer.actor)
        case .health: return .health(await health())
        }
    }

    // MARK: Reconciling on request

    /// Asks the running loops for a look and waits until they have come to rest.
    private func reconcile(
        _ request: ReconcileRequest
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        if let refusal = await refusal(of: request) { return refusal }
        let mark = await mark()
        let root = await books.state.trustRoot
        _ = try await keeper.refresh()
        // The first look of all has pinned a root.
        if let refusal = await refusal(of: request) { return refusal }
        // Before anything of the new commit is handed out, so that a stale plan changes nothing.
        if let expected = request.expect {
            let stale = try await stale(among: expected)
            guard stale.isEmpty else { return .stale(message: Self.phrase(stale: stale)) }
        }
        try await publish()
        noteLook()
        let started = clock.now()
        let limit = request.wait ?? Self.tickLimit
        while await !isAtRest(settled: request.wait != nil),
            clock.now().elapsed(since: started) < limit
        {
            do { try await clock.sleep(for: Self.glance) } catch { break }
        }
        var summary = await summary(since: mark).bounded
        if root == nil { summary.pinned = await books.state.trustRoot }
        return .reconciled(summary)
    }

    /// Why this process cannot answer for what the caller means: another branch, or another trust root.
    private func refusal(of request: ReconcileRequest) async -> ControlAnswer.Result? {
        if let asked = request.follows, let ours = parts.settings.follows, !ours.fits(asked) {
            return .failed(
                message: "the running airlock follows \(ours), not \(asked)",
                advice: "leave --repo and --branch out, or give the other fleet its own --state")
        }
        let root = await books.state.trustRoot ?? parts.settings.trustRoot
        guard let root, let asked = request.trustRoot, root != asked else { return nil }
        let halt = EngineHalt.otherRoot(pinned: root, asked: asked)
        return .failed(message: halt.phrase, advice: halt.advice ?? "leave --trust-root out")
    }

    private func isAtRest(settled: Bool) async -> Bool {
        for reconciler in inOrder {
            guard await reconciler.isIdle else { return false }
            guard settled else { continue }
            let fleet = await keeper.fleet(for: reconciler.name)?.fleet
            let waits = await books.waits(in: reconciler.name, under: fleet)
            if await reconciler.status.isUnderWay(waits) { return false }
        }
        return true
    }

    /// Change ids of `expected` that are neither planned, nor under way, nor the last thing that was
    /// done in their lane, so that a pipeline which runs again is not told that its own work is stale.
    private func stale(
        among expected: Set<ChangeID>
    ) async throws(EngineHalt) -> Set<ChangeID> {
        var missing = expected
        let now = clock.now()
        for name in await keeper.environments.union(reconcilers.keys).sorted() {
            guard let fleet = await keeper.fleet(for: name) else { continue }
            let plan = try await reconciler(for: name).preview(fleet, at: now)
            missing.subtract(plan.lanes.compactMap(\.change?.id))
        }
        guard !missing.isEmpty else { return [] }
        let newest: [OperationRecord]
        do {
            newest = try await books.ledger.operations(of: nil, limit: Self.operationsOfRequest)
        } catch { throw .ledger(error) }
        var seen: Set<LaneID> = []
        for operation in newest {
            guard let change = operation.change, seen.insert(operation.lane).inserted else {
                continue
            }
            if operation.outcome == .settled { missing.remove(change.id) }
        }
        return missing
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
        await steering.enter()
        defer { steering.leave() }
        let now = clock.now().wall
        let freeze = Freeze(
            scope: scope, reason: reason, actor: actor, from: now,
            until: lasting.map { now + $0 })
        if let known = await books.freeze(at: scope), known.isInForce(at: now),
            Self.endsEarlier(freeze.until, than: known.until)
        {
            let end = known.until.map { "until \($0.rfc3339)" } ?? "without an end"
            return .failed(
                message: "\(scope) is frozen \(end) already, by \(known.actor.id): "
                    + "\(known.reason); this freeze would end earlier",
                advice: "nothing is to be done, or `airlock thaw \(scope)` and freeze it anew")
        }
        var entry = draft(.frozen, scope, by: actor, at: now)
        entry.outcome = "frozen"
        entry.detail["reason"] = reason
        entry.detail["until"] = freeze.until?.rfc3339
        try await books.commit(LedgerTransaction(writes: [.freeze(freeze)], entries: [entry]))
        await wakeAll()
        let end = freeze.until.map { "until \($0.rfc3339)" } ?? "until `airlock thaw \(scope)`"
        return .done(message: "\(scope) is frozen \(end)")
    }

    /// Whether one end comes before another; nil is none. Who stops something for a shorter time than it is
    /// stopped for already may not know of that, and would cut it short.
    static func endsEarlier(_ end: Timestamp?, than other: Timestamp?) -> Bool {
        guard let end else { return false }
        return other.map { end < $0 } ?? true
    }

    private func thaw(
        _ scope: Freeze.Scope, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        await steering.enter()
        defer { steering.leave() }
        let now = clock.now().wall
        let known = await books.freeze(at: scope)
        guard known?.isInForce(at: now) == true else {
            let ended = known?.until.map { ", its freeze ended at \($0.rfc3339)" }
            return .failed(
                message: "\(scope) is not frozen\(ended ?? "")",
                advice: "`airlock status` shows what is")
        }
        var entry = draft(.thawed, scope, by: actor, at: now)
        entry.outcome = "thawed"
        try await books.commit(LedgerTransaction(writes: [.thaw(scope)], entries: [entry]))
        await wakeAll()
        return .done(message: "\(scope) is thawed")
    }

    private func retry(
        _ lane: LaneID, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        await steering.enter()
        defer { steering.leave() }
        let found = await books.quarantines(of: lane)
        let desired = await keeper.fleet(for: lane.environment)?.fleet.lanes[lane]
        let asked = await quarantined(in: lane, askedForBy: desired)
        let now = clock.now().wall
        var transaction = await verifyAgain(lane, by: actor, at: now)
        guard !found.isEmpty || !transaction.isEmpty else {
            return .failed(
                message: "\(lane) has no slot in quarantine and no verify job that failed",
                advice: "`airlock explain \(lane)` says what holds it")
        }
        // Another slot that was rolled back stays out: nobody said a word for that one.
        if let asked, !found.contains(where: { $0.slot == asked }), transaction.isEmpty {
            return .failed(
                message:
                    "slot \(asked.short), for which git asks in \(lane), is not in quarantine any more",
                advice: "`airlock explain \(lane)` says what holds it")
        }
        let other = asked == nil && transaction.isEmpty ? found.last : nil
        let freed = found.last { $0.slot == asked } ?? other
        if let quarantine = freed {
            transaction.writes.append(.release(lane, quarantine.slot))
            transaction.entries.append(
                AuditDraft(
                    kind: .released, time: now, actor: actor, lane: lane,
                    artifact: quarantine.artifact, outcome: "released",
                    detail: ["slot": quarantine.slot.description]))
        }
        try await books.commit(transaction)
        await wakeAll()
        guard let freed else { return .done(message: "\(lane) is tried again") }
        let more = found.count - 1
        let rest =
            more == 0 ? "" : "; \(more) other slot\(more == 1 ? " stays" : "s stay") in quarantine"
        let slot = "slot \(freed.slot.short) of \(lane) is not in quarantine any more"
        if desired?.release.rollout == .abort {
            return .done(
                message:
                    "\(slot), and git still asks for rollout: abort; it is tried again as soon as services/"
                    + "\(lane.unit.name)/\(lane.environment).yaml does not\(rest)")
        }
        // Where git has gone back meanwhile there is nothing to try.
        return .done(
            message: freed.slot == asked
                ? "\(lane) is tried again\(rest)"
                : "\(slot); it is tried again as soon as git asks for it\(rest)")
    }

    /// The slot in quarantine that git asks for: of a change that is held for it, or that still goes back.
    private func quarantined(in lane: LaneID, askedForBy desired: DesiredLane?) async -> SlotID? {
        if let held = await books.record(of: lane).quarantinedWish { return held }
        guard let change = await books.operation(openIn: lane)?.change,
            desired?.asks(for: change) == true
        else { return nil }
        return change.target.slot
    }

    private func acceptRewrite(
        _ commit: CommitID, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        let root = await books.state.trustRoot
        let isSaidAgain: Bool
        switch try await keeper.acceptRewrite(commit, by: actor) {
        case .refused(let why):
            return .failed(message: why, advice: "`airlock status` shows the head in force")
        case .followed: isSaidAgain = false
        case .followedAlready: isSaidAgain = true
        }
        try await publish()
        let now = await books.state.trustRoot
        let moved =
            now == root && !(isSaidAgain && now == commit)
            ? ""
            : "; it is the trust root now: where `airlock run` is started with --trust-root, name it there before "
                + "the next start, or leave the flag out"
        return .done(
            message: isSaidAgain
                ? "staging and production follow \(commit.short) already\(moved)"
                : "staging and production follow \(commit.short) from now on\(moved)")
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

    func wakeAll() async {
        for reconciler in inOrder { await reconciler.wake() }
    }
}
