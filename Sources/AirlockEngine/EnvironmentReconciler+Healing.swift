import AirlockHealing
import AirlockModel
import AirlockPlan
import AirlockPorts
import Logging

/// What an environment's healing remembers between two looks; a start begins anew, and what has to
/// outlive it is in the journal.
struct HealingWatch: Sendable {
    /// The fewest lanes that one look takes in; more where a round would take longer than ``LaneHealth``
    /// remembers.
    static let lanesAtOnce = 200

    /// Longest time that one look holds up the pass; the lanes that are left come at the next.
    static let longestLook = Duration.milliseconds(500)

    var healths: [LaneID: LaneHealth] = [:]
    /// Monotonic milliseconds before which nobody looks again.
    var next = 0
    /// The last lane that was looked at.
    var last: LaneID?
    /// The fleet for which what was said without a policy was taken back.
    var silenced = 0

    /// The lanes whose turn it is, of all of them.
    mutating func turn(of all: [LaneID]) -> [LaneID] {
        let count = max(Self.lanesAtOnce, (all.count + 5) / 6)
        guard all.count > count else { return all }
        let start = last.flatMap { last in all.firstIndex { $0 > last } } ?? 0
        let turn = (start..<start + count).map { all[$0 % all.count] }
        last = turn.last
        return turn
    }
}

/// Looking after the instances of lanes that are what git says.
extension EnvironmentReconciler {
    /// Looks at the instances of quiet lanes, and says for which of them something is to be done.
    ///
    /// Healing never works beside a change or a repair: where an operation is open, a freeze binds or
    /// something drifted, nothing is even looked at.
    func heals(at now: Moment) async throws(EngineHalt) -> ArraySlice<Errand> {
        guard parts.settings.poll != nil, parts.settings.expected == nil, let accepted else {
            return []
        }
        guard let policy = accepted.fleet.environments[name]?.healing else {
            status.nextLook = nil
            // A file that cannot be read says nothing about what needs a person.
            guard accepted.fleet.environments[name] != nil || isGivenUp else { return [] }
            try await silence(accepted.revision, at: now.wall)
            return []
        }
        guard now.monotonicMilliseconds >= healing.next else { return [] }
        healing.next = now.monotonicMilliseconds + LaneHealth.interval.milliseconds
        status.nextLook = healing.next
        guard claimed != nil, status.fault == nil, let observation, let provider,
            try await books.clockFault(at: now) == nil
        else { return [] }
        let state = await books.state
        guard state.stop?.isInForce(at: now.wall) != true else { return [] }
        var errands: ArraySlice<Errand> = []
        var transaction = LedgerTransaction()
        var pages: [Page] = []
        let turn = healing.turn(of: observation.lanes.keys.sorted())
        let began = parts.clock.now()
        for (place, lane) in turn.enumerated() {
            if parts.clock.now().elapsed(since: began) >= HealingWatch.longestLook {
                healing.last = turn[max(0, place - 1)]
                break
            }
            guard let record = state.lanes[lane], let settled = record.settled,
                record.operation == nil, isQuiet(lane), !inFlight.contains(lane),
                state.freezes.binding(lane, at: now.wall).isEmpty,
                let observed = observation.lanes[lane], let slot = observed.slot(settled.slot.id)
            else { continue }
            var health = healing.healths[lane] ?? LaneHealth()
            health.look(
                at: slot, readings: await readings(lane, slot, now.wall),
                scraping: accepted.fleet.environments[name]?.signals?.every, now: now.wall)
            let decision = Healer.decide(
                HealingCase(
                    lane: lane, slot: slot, settled: settled,
                    hasEarlier: record.previous?.contains { $0 != settled.slot.id } == true,
                    health: health, record: record.healing ?? HealingRecord(), policy: policy,
                    capabilities: provider.capabilities(of: name), now: now.wall))
            pages += note(decision, of: record, at: now.wall, in: &transaction)
            if let heal = decision.heal {
                health.expect(heal)
                let assignment = Assignment.open(
                    .heal(heal), commit: settled.commit, author: nil, superseding: nil)
                errands.append((lane, assignment, observed))
            }
            healing.healths[lane] = health
        }
        if !transaction.isEmpty { try await books.commit(transaction) }
        for page in pages { parts.page(page) }
        healing.healths = healing.healths.filter { observation.lanes[$0.key] != nil }
        return errands
    }

    /// Whether the lane runs what it settled on and nothing moves there; a change that waits, as one in
    /// quarantine does for days, is no reason to let what serves go down.
    private func isQuiet(_ lane: LaneID) -> Bool {
        guard let plan = standing.lanes[lane] else { return true }
        guard case .hold(let reason) = plan.disposition, plan.drift.isEmpty else { return false }
        switch reason {
        case .gates, .parked, .secretUnknown, .outage: return true
        case .unobserved, .claimed, .environmentRemoved, .notFollowed: return false
        }
    }

    /// What the source of signals says of a slot's instances.
    private func readings(
        _ lane: LaneID, _ slot: SlotObservation, _ now: Timestamp
    ) async -> InstanceReadings {
        guard let signals = signals(of: lane) else { return .none }
        let server = accepted?.fleet.environments[name]?.signals
        let from = now + (.zero - LaneHealth.span(scraping: server?.every))
        do throws(ProviderError) {
            let instances = try await signals.instances(
                of: lane, slot: slot.id, from: from, to: now)
            let load = InstanceReadings.load(of: instances, on: slot)
            // A server was asked for the load in the same question.
            guard load == nil, server == nil else { return .known(instances, load: load) }
            let counters = try await signals.counters(
                of: lane, slot: slot.id, from: from, to: now)
            let use = counters.compactMap(\.cpuBasisPoints)
            return .known(
                instances,
                load: use.isEmpty ? nil : Share(basisPoints: use.reduce(0, +) / use.count))
        } catch {
            return .down(error.phrase)
        }
    }

    // MARK: Recording

    /// Puts what was decided into the journal and the log, as far as it differs from the last look.
    private func note(
        _ decision: HealingDecision, of record: LaneRecord, at now: Timestamp,
        in transaction: inout LedgerTransaction
    ) -> [Page] {
        let before = record.healing ?? HealingRecord()
        guard decision.record != before else { return [] }
        var record = record
        record.healing = decision.record.isEmpty ? nil : decision.record
        transaction.writes.append(.lane(record))
        transaction.entries += AuditText.incidents(
            of: record.lane, before: before, after: decision.record, at: now)
        transaction.entries += decision.fresh.map {
            AuditText.said($0, of: record.lane, at: now)
        }
        return decision.fresh.filter { $0.kind == .page }.map { Page($0, of: record) }
    }

    /// Takes back what was said where nothing is healed any more.
    private func silence(_ fleet: Int, at now: Timestamp) async throws(EngineHalt) {
        guard healing.silenced != fleet else { return }
        healing.silenced = fleet
        healing.healths = [:]
        var transaction = LedgerTransaction()
        let records = await books.state.lanes.part(of: name).values.sorted { $0.lane < $1.lane }
        for record in records {
            guard var told = record.healing, !told.said.isEmpty, !inFlight.contains(record.lane)
            else { continue }
            told.say([])
            var record = record
            record.healing = told.isEmpty ? nil : told
            transaction.writes.append(.lane(record))
        }
        if !transaction.isEmpty { try await books.commit(transaction) }
    }
}

extension AuditText {
    /// The entries of incidents that opened or closed.
    static func incidents(
        of lane: LaneID, before: HealingRecord, after: HealingRecord, at time: Timestamp
    ) -> [AuditDraft] {
        after.incidents.compactMap { incident in
            let old = before.incidents.first {
                $0.fault == incident.fault && $0.slot == incident.slot
                    && $0.opened == incident.opened
            }
            guard old == nil || old?.isOpen != incident.isOpen else { return nil }
            return AuditDraft(
                kind: .healing, time: time, lane: lane,
                outcome: incident.isOpen ? "incident opened" : "incident closed",
                detail: [
                    "fault": incident.fault.rawValue, "slot": incident.slot.description,
                    "heals": "\(incident.heals)", "sightings": "\(incident.sightings)",
                ])
        }
    }

    /// The entry of something that healing says for the first time.
    static func said(
        _ statement: HealingStatement, of lane: LaneID, at time: Timestamp
    ) -> AuditDraft {
        var entry = AuditDraft(kind: .healing, time: time, lane: lane, outcome: "hold")
        switch statement.kind {
        case .hold: break
        case .page: (entry.kind, entry.outcome) = (.paged, "paged")
        case .dryRun: entry.outcome = "dry run"
        }
        entry.detail = ["what": statement.text]
        if !statement.evidence.isEmpty { entry.detail["evidence"] = statement.evidence }
        if !statement.advice.isEmpty { entry.detail["advice"] = statement.advice }
        return entry
    }
}
