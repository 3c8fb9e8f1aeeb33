import AirlockGit
import AirlockModel
import AirlockPlan
import AirlockPorts

/// A head that the reconciler would not follow, or not everywhere.
extension PlanReading {
    /// What a plan comes to with what the reconciler follows.
    struct Standing {
        let plan: Plan
        /// Why the head is not followed; nil where it is.
        let refusal: HeadRefusal?
        /// Lanes of which the plan says something else than the head that is refused.
        var barred: Set<LaneID> = []
        /// What is in force instead of the head; nil where the head is followed, or nobody can read it.
        var inForce: Fleet?

        /// What an environment follows: the head's fleet, or what is in force instead of it.
        func followed(by name: EnvironmentName, of newest: Fleet?) -> Fleet? {
            guard let refusal, let inForce, refusal.binds(name, newest, inForce) else {
                return newest
            }
            return inForce
        }

        /// Whether something that the head asks for in a lane of `plan` would not be done.
        func bars(_ plan: Plan) -> Bool {
            guard let refusal else { return false }
            return !refusal.isForLateTiersAlone
                || plan.lanes.contains { barred.contains($0.lane) }
        }
    }

    /// Plans what would be done about `reading`, also where its head is not followed.
    func standing(
        of reading: FleetReading.Reading, from fleets: FleetReading
    ) async throws -> Standing {
        let plan = try await plan(reading)
        guard let refusal = try await refusal(of: reading, from: fleets.source) else {
            return Standing(plan: plan, refusal: nil)
        }
        let kept = try await kept(beside: reading, refusal, from: fleets)
        let outcome = refusal.outcome(of: plan, for: reading.fleet, under: kept)
        return Standing(
            plan: outcome.plan, refusal: refusal, barred: outcome.barred, inForce: kept?.fleet)
    }

    /// What is in force while a head is refused; nil where that is nothing, or cannot be read.
    private func kept(
        beside reading: FleetReading.Reading, _ refusal: HeadRefusal, from fleets: FleetReading
    ) async throws -> HeadRefusal.Kept? {
        if let other = reading.fleet, otherFleet(other) != nil { return nil }
        let isLate = refusal.isForLateTiersAlone
        let record = isLate ? ledger.rewrite?.kept ?? ledger.head : ledger.head
        guard let record, record.commit.id != reading.commit else { return nil }
        var kept: FleetReading.Reading
        do { kept = try await fleets.read(at: record.commit.id) } catch let error as SourceError {
            guard case .objectMissing = error else { throw error }
            return nil
        }
        guard let fleet = kept.fleet, otherFleet(fleet) == nil else { return nil }
        guard isLate else {
            // Late tiers may stay on a commit before that one.
            let plan = try await standing(of: kept, from: fleets).plan
            return HeadRefusal.Kept(fleet: fleet, plan: plan)
        }
        // The world takes its behaviour from the newest commit that is followed.
        kept.simulation = reading.simulation ?? kept.simulation
        let plan = try await plan(kept, under: record.limitsInForce)
        return HeadRefusal.Kept(fleet: fleet, plan: plan)
    }

    /// Why the reconciler would not follow the head; nil when it would.
    func refusal(
        of reading: FleetReading.Reading, from source: GitSource
    ) async throws -> HeadRefusal? {
        if let other = reading.fleet.flatMap(otherFleet) { return HeadRefusal(other) }
        if let root = ledger.trustRoot, try await !descends(reading.commit, from: root, source) {
            return HeadRefusal(of: reading.commit, notFrom: root)
        }
        let kept = ledger.rewrite?.kept.commit.id ?? ledger.head?.commit.id
        if let kept, try await !descends(reading.commit, from: kept, source) {
            return HeadRefusal(rewriting: kept, head: reading.commit)
        }
        return nil
    }

    private func descends(
        _ commit: CommitID, from ancestor: CommitID, _ source: GitSource
    ) async throws -> Bool {
        do { return try await source.descends(commit, from: ancestor) } catch {
            if case .objectMissing = error { return false }
            throw error
        }
    }
}
