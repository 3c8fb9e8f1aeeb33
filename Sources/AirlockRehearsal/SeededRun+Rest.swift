import AirlockEngine
import AirlockManifest
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator

/// Peace after the faults: everything must come to what git says, and the books must add up.
extension SeededRun {
    /// Rounds in which a run must come to rest; the longest wait is for a clock that is behind.
    private static let rounds = 900
    /// The longest time that passes between two looks.
    private static let longestRest = Duration.seconds(300)
    /// The least time that passes between two looks. What is judged is asked for each second, however seldom
    /// it is looked at, and there are many of them.
    private var leastRests: (held: Duration, underWay: Duration) {
        shop.isJudged
            ? (.seconds(60), .seconds(2)) : (.seconds(20), .milliseconds(100))
    }

    func comeToRest() async throws {
        note("peace")
        ledger.inject(nil)
        stale = nil
        repository.mend()
        shop.heal()
        repository.merge(shop.files, subject: "heal")
        try await start()
        for freeze in ledger.durableState.freezes.keys.sorted() { await ask(.thaw(freeze)) }
        for round in 0..<Self.rounds where witness.violations.isEmpty {
            let summary = try await tick()
            try await look()
            if let rewrite = ledger.durableState.rewrite {
                await ask(.acceptRewrite(rewrite.commit))
            }
            if isAtRest(summary) { return try await checkEverything() }
            for lane in lanesToTryAgain() { await ask(.retry(lane)) }
            let due = await engine?.due().map { $0 - clock.now().wall } ?? Self.longestRest
            // A rollout that is held is looked at each second, and only a clock may end the hold.
            // And what is under way may wait for a world that stands still until its clock is right again.
            let isQuick = !summary.underWay.isEmpty && round < Self.rounds / 2
            let least = isQuick ? leastRests.underWay : leastRests.held
            pass(min(max(due, least), Self.longestRest))
            if round == Self.rounds - 1 {
                witness.accuse("it never came to rest: \(summary)")
            }
        }
    }

    /// Lanes with something in quarantine, and those that settled on a build whose test did not pass because
    /// of a fault.
    private func lanesToTryAgain() -> [LaneID] {
        ledger.durable { state, _ in
            let untested = state.verifications.values.filter { record in
                let settled = state.lanes[record.lane]?.settled?.slot.build
                return record.results.contains { $0.build == settled && $0.outcome != .passed }
            }
            return Set(state.quarantines.keys).union(untested.map(\.lane)).sorted()
        }
    }

    private func isAtRest(_ summary: ReconcileSummary) -> Bool {
        summary.commit == repository.head && summary.held.isEmpty && summary.underWay.isEmpty
            && summary.faults.isEmpty
    }

    private func checkEverything() async throws {
        try await checkWorld()
        let state = ledger.durableState
        if !state.operations.isEmpty { witness.accuse("operations are open at the end") }
        if !state.intents.isEmpty { witness.accuse("intents are open at the end") }
        witness.audit(ledger.durableEntries, deliveries: try await world.deliveries())
        let replay = LogReplay(ledger.durableEntries, state: ledger.durableState)
        for violation in replay.violations { witness.accuse("replay: \(violation)") }
        witness.judgeAgain(ledger.durableEntries)
        let before = (entries: ledger.durableEntries.count, effects: witness.appliedCount)
        try await tick()
        try await look()
        if witness.appliedCount != before.effects {
            witness.accuse("a converged fleet was told to do something")
        }
        if ledger.durableEntries.count != before.entries {
            witness.accuse("a tick without work wrote \(ledger.durableEntries.last?.phrase ?? "")")
        }
    }

    /// Holds every lane of the world against the files of the newest commit.
    private func checkWorld() async throws {
        var decoder = FleetDecoder()
        guard let head = repository.head else { return witness.accuse("the branch is gone") }
        let delta = try await repository.delta(from: nil, to: head)
        let blobs = try await repository.blobs(decoder.wanted(delta))
        guard let fleet = decoder.apply(delta, blobs: blobs, commit: nil).fleet else {
            return witness.accuse("the last commit cannot be read")
        }
        for environment in fleet.environments.keys.sorted() {
            let answer = try await world.observe(
                environment, of: fleet.name, lanes: nil, since: nil)
            guard case .observed(let observation) = answer else { continue }
            let names = Set(fleet.lanes.values.flatMap(\.secrets))
            let versions = try await world.versions(of: names, in: environment)
            let desired = fleet.lanes.part(of: environment)
            for lane in Set(observation.lanes.keys).union(desired.keys).sorted() {
                let there = observation.lanes[lane] ?? LaneObservation(lane: lane)
                if let why = difference(desired[lane], there, versions) {
                    witness.accuse("\(lane) at the end: \(why)")
                }
            }
        }
    }

    private func difference(
        _ desired: DesiredLane?, _ there: LaneObservation, _ versions: [SecretName: String]
    ) -> String? {
        guard let desired else { return there.slots.isEmpty ? nil : "it should be gone" }
        guard let spec = desired.slot(secrets: versions) else { return "a secret is unknown" }
        guard there.slots.map(\.id) == [spec.id], there.slots.map(\.spec) == [spec] else {
            return "it runs \(there.slots.map(\.id.short)) instead of \(spec.id.short)"
        }
        guard there.weights == [spec.id: 1000] else { return "its traffic is elsewhere" }
        let count = there.slots.map(\.replicas).first ?? 0
        return desired.release.replicas.contains(count) ? nil : "it has \(count) replicas"
    }
}
