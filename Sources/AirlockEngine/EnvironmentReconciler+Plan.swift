import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout
import AirlockTrust
import Logging

/// Claiming, observing, recovering, adopting and planning: everything that comes before lanes are
/// handed out.
extension EnvironmentReconciler {
    /// Brings the plan up to date with a fresh observation.
    ///
    /// - Returns: The lanes whose plan was made anew; none when nothing it depends on differs.
    func plan(at now: Moment) async throws(EngineHalt) -> [LanePlan] {
        guard let accepted, let slice = accepted.slices[name] else {
            (standing, memo) = (StandingPlan(environment: name), nil)
            touchedByFleet = .all
            return []
        }
        // Another fleet may be taken while this pass waits: what that one touches is for the next pass.
        var touched = touchedByFleet
        touchedByFleet = .none
        let stopwatch = Stopwatch()
        let observed = try await observe(accepted)
        if case .known(let observation) = observed, isOurs(observation) {
            try await settleOpenIntents(observation)
            try await adopt(observation, at: now)
        }
        let observing = stopwatch.elapsed
        let secrets = await secrets(accepted)
        let clockFault = try await books.clockFault(at: now)
        var key = PlanMemo(
            fleet: accepted.revision, observation: observation?.revision,
            books: await revision(of: slice), secrets: secrets, clockFault: clockFault,
            made: now.wall)
        if let memo, memo.holds(for: key, until: standing.until) {
            touchedByFleet.formUnion(touched)
            return []
        }
        let view = await books.view(for: name)
        let facts = Facts(
            ledger: view.state, secrets: [name: secrets],
            capabilities: capabilities(under: accepted, of: slice),
            commit: accepted.id, limitsInForce: accepted.limitsInForce, claim: parts.ledger.claim,
            clockFault: clockFault)
        touched.formUnion(touchedByObservation)
        touched.formUnion(.some(view.touched.union(standing.bound)))
        touchedByObservation = .none
        let plans = await planMeasured(
            touched, slice, observed: observed, facts: facts, now: now)
        plansMade += 1
        key.isBound = !standing.bound.isEmpty
        memo = observation == nil ? nil : key
        logPass(plans.count, observing: observing, all: stopwatch.elapsed)
        return plans
    }

    private func logPass(_ looked: Int, observing: Duration, all: Duration) {
        parts.logger.debug(
            "planned",
            metadata: [
                "environment": "\(name)", "lanes": "\(looked)", "open": "\(standing.lanes.count)",
                "observeMicroseconds": "\(observing.microseconds)",
                "planMicroseconds": "\((all - observing).microseconds)",
            ])
    }

    /// What the environment would do under `fleet`; claims, settles, adopts and remembers nothing.
    func preview(
        _ fleet: AcceptedFleet, at now: Moment
    ) async throws(EngineHalt) -> EnvironmentPlan {
        guard let slice = fleet.slices[name], await isLookedAt(fleet),
            let provider = fleet.provider(of: name, among: parts.providers)
        else { return EnvironmentPlan(environment: name, lanes: []) }
        let observed: ObservedEnvironment
        do {
            let answer = try await provider.observe(
                name, of: fleet.fleet.name, lanes: nil, since: observation?.revision)
            switch answer {
            case .observed(let fresh): observed = .known(fresh)
            case .unchanged:
                observed = observation.map(ObservedEnvironment.known) ?? .unknown("unchanged")
            }
        } catch { observed = .unknown(error.phrase) }
        let secrets = await secrets(fleet)
        let facts = Facts(
            ledger: await books.state, secrets: [name: secrets],
            capabilities: capabilities(under: fleet, of: slice),
            commit: fleet.id, limitsInForce: fleet.limitsInForce, claim: parts.ledger.claim,
            traffic: traffic, clockFault: try await books.clockFault(at: now))
        return Planner.plan(slice, observed: observed, facts: facts, now: now)
    }

    /// Versions of the secrets that this environment's releases name; those that cannot be had are
    /// missing, and the planner holds what needs them.
    private func secrets(_ accepted: AcceptedFleet) async -> [SecretName: String] {
        let names = secretNames(accepted)
        guard !names.isEmpty else { return [:] }
        do { return try await parts.secrets.versions(of: names, in: name) } catch {
            parts.logger.warning(
                "secret versions unknown",
                metadata: ["environment": "\(name)", "reason": "\(error.phrase)"])
            return [:]
        }
    }

    /// The secrets that releases of the environment name, and perhaps some that they named before.
    private func secretNames(_ fleet: AcceptedFleet) -> Set<SecretName> {
        guard let lanes = fleet.slices[name]?.lanes else { return [] }
        if namedSecrets.fleet == fleet.revision { return namedSecrets.names }
        var names: Set<SecretName> = []
        if case .some(let touched) = fleet.touched, fleet.follows == namedSecrets.fleet {
            names = namedSecrets.names
            for lane in touched { names.formUnion(lanes[lane]?.secrets ?? []) }
        } else {
            for lane in lanes.values { names.formUnion(lane.secrets) }
        }
        namedSecrets = (fleet.revision, names)
        return names
    }

    // MARK: Observing

    private func observe(
        _ accepted: AcceptedFleet
    ) async throws(EngineHalt) -> ObservedEnvironment {
        guard await isLookedAt(accepted), let provider else {
            return .unknown("its environment is not described")
        }
        do {
            try await claim(provider, accepted)
            let answer = try await provider.observe(
                name, of: accepted.fleet.name, lanes: nil, since: observation?.revision)
            if case .observed(let fresh) = answer {
                note(fresh)
                observation = fresh
            }
            guard let observation else {
                return .unknown("the provider answered unchanged to the first question")
            }
            try check(observation.claim)
            // What git gave up another ledger may have.
            if accepted.fleet.environments[name] == nil, !isOurs(observation) {
                setFault(nil)
            }
            return .known(observation)
        } catch let error as ProviderError {
            forgetObservation()
            setFault(error.phrase)
            return .unknown(error.phrase)
        } catch let error as EngineHalt {
            throw error
        } catch {
            setFault("\(error)")
            return .unknown("\(error)")
        }
    }

    /// Notes in which lanes an observation differs from the last one.
    private func note(_ fresh: Observation) {
        guard let old = observation else {
            (touchedByObservation, toAdopt) = (.all, .all)
            return
        }
        var lanes = Set(fresh.lanes.filter { old.lanes[$0.key] != $0.value }.keys)
        if old.lanes.count + lanes.count > fresh.lanes.count {
            lanes.formUnion(old.lanes.keys.filter { fresh.lanes[$0] == nil })
        }
        touchedByObservation.formUnion(.some(lanes))
        toAdopt.formUnion(.some(lanes))
    }

    private func forgetObservation() {
        observation = nil
        (touchedByObservation, toAdopt) = (.all, .all)
    }

    /// Notes whose the engine is.
    ///
    /// - Throws: ``EngineHalt/fenced(_:by:)`` when a later writer of this ledger has it: this one must
    ///   end before it opens an intent that could only be refused.
    private func check(_ stored: Claim?) throws(EngineHalt) {
        guard let stored, stored.ledger == parts.ledger.claim.ledger else {
            setFault(
                stored.map {
                    ProviderError.foreignClaim($0).phrase
                        + "; `airlock run --take-over \(name)` takes it"
                })
            return
        }
        setFault(nil)
        if let claimed, claimed.isFenced(by: stored) { throw .fenced(name, by: stored) }
    }

    /// Whether what runs there is this ledger's to take over and to settle.
    func isOurs(_ observation: Observation) -> Bool {
        claimed != nil
            && (observation.claim.map { $0.ledger == parts.ledger.claim.ledger } ?? true)
    }

    /// Stores this writer's claim in the engine, once, before anything is observed: orders of writers
    /// before it are refused from then on.
    private func claim(_ provider: any Provider, _ accepted: AcceptedFleet) async throws {
        guard claimed == nil else { return }
        let takeOver = parts.settings.takeOver.contains(name)
        let claim: Claim
        // An engine that was taken over has an epoch of its own, which every later claim must exceed.
        let own = parts.ledger.claim
        let last = await books.lastEpoch(of: name)
        let wanted = Claim(
            ledger: own.ledger, epoch: max(own.epoch, Epoch(last + 1)), writer: own.writer)
        // Durable before the engine has it: after a kill in between the next process must exceed it.
        if wanted.epoch > own.epoch, let old = await books.state.claims[name] {
            let record = ClaimRecord(
                environment: name, epoch: wanted.epoch, described: old.described)
            try await books.commit(LedgerTransaction(writes: [.claimed(record)]))
        }
        do throws(ProviderError) {
            claim = try await self.claim(wanted, in: provider, accepted, takeOver: takeOver)
        } catch {
            switch error {
            case .fenced(let by): throw EngineHalt.fenced(name, by: by)
            // Looking is allowed all the same: the planner holds the lanes and says whose they are.
            case .foreignClaim: return
            case .refused, .noAnswer, .unsupported: throw error
            }
        }
        claimed = claim
        let entry = AuditDraft(
            kind: .claimed, time: parts.clock.now().wall,
            actor: takeOver ? parts.settings.actor : .airlock, environment: name,
            outcome: takeOver ? "taken over" : "claimed",
            detail: ["epoch": claim.epoch.description, "ledger": claim.ledger.description])
        let record = ClaimRecord(
            environment: name, epoch: claim.epoch,
            described: described.map(ClaimRecord.Description.init))
        await books.announce(entry)
        if parts.settings.poll != nil || takeOver { try await books.tellAnnounced() }
        try await books.commit(LedgerTransaction(writes: [.claimed(record)]))
    }

    /// Claims; a person who takes over gets past a claim of this same ledger, too. A process that was
    /// killed while it took over left one that its journal does not know.
    private func claim(
        _ wanted: Claim, in provider: any Provider, _ accepted: AcceptedFleet, takeOver: Bool
    ) async throws(ProviderError) -> Claim {
        let fleet = accepted.fleet.name
        do {
            return try await provider.claim(name, of: fleet, for: wanted, takeOver: takeOver)
        } catch {
            guard takeOver, case .fenced(let by) = error, by.ledger == wanted.ledger else {
                throw error
            }
            return try await provider.claim(
                name, of: fleet, for: wanted.takingOver(by), takeOver: takeOver)
        }
    }

    // MARK: Recovering and adopting

    /// Settles intents whose answer was lost, by looking and never by doing them again.
    private func settleOpenIntents(_ observation: Observation) async throws(EngineHalt) {
        let open = await books.openIntents(in: name)
            .filter { !inFlight.contains($0.order.lane) }
        guard !open.isEmpty else { return }
        let now = parts.clock.now().wall
        var transaction = LedgerTransaction()
        for intent in open {
            let lane = intent.order.lane
            let observed = observation.lanes[lane] ?? LaneObservation(lane: lane)
            let isDone = intent.order.action.isDone(in: observed)
            let outcome: IntentOutcome = isDone ? .seenDone : .seenUndone
            transaction.writes.append(.settle(intent.order.key, outcome))
            guard var operation = await books.operation(intent.order.operation) else {
                // Nothing goes on from here, and the log still says how the effect ended.
                transaction.entries.append(
                    AuditText.orphaned(intent.order, outcome, about: intent.entry, at: now))
                continue
            }
            if isDone { operation.rollout = Rollout.afterAction(operation.rollout) }
            operation.rollout = Rollout.parked(operation.rollout)
            transaction.writes.append(.operation(operation))
            transaction.entries.append(
                AuditText.settled(
                    intent.order, outcome, about: intent.entry, operation, at: now))
        }
        try await books.commit(transaction)
    }

    /// Takes over lanes that the ledger has never seen, without changing them.
    private func adopt(_ observation: Observation, at now: Moment) async throws(EngineHalt) {
        let lanes: [LaneID]
        switch toAdopt {
        case .all: lanes = observation.lanes.keys.sorted()
        case .some(let some): lanes = some.sorted()
        }
        toAdopt = .none
        guard !lanes.isEmpty else { return }
        let known = await books.state.lanes
        var transaction = LedgerTransaction()
        for lane in lanes where known[lane] == nil {
            guard let observed = observation.lanes[lane] else { continue }
            guard let settled = Adoption.settled(from: observed, at: now.wall) else { continue }
            transaction.writes.append(.lane(LaneRecord(lane: lane, settled: settled)))
            transaction.entries.append(
                AuditDraft(
                    kind: .adopted, time: now.wall, lane: lane, artifact: settled.slot.artifact,
                    outcome: "adopted", detail: ["slot": settled.slot.id.description]))
        }
        guard !transaction.writes.isEmpty else { return }
        try await books.commit(transaction)
    }
}
