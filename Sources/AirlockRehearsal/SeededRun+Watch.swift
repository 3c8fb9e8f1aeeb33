import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator

/// Releases that turn bad after they have settled, in lives whose releases are watched.
extension SeededRun {
    /// How long a slot serves before what it is like is known, in steps between looks.
    private static let quiet = (steps: 2, each: Duration.seconds(360))

    /// A service serves until its signals are known, then gets a release that turns bad after a while.
    func turnBad() async throws {
        guard let environment = shop.demands.watchedEnvironment,
            let version = dice.pick(ReleaseDemands.turningVersions)
        else { return }
        for _ in 0..<Self.quiet.steps where witness.violations.isEmpty {
            try await go(on: true)
            try await look()
            pass(Self.quiet.each)
        }
        shop.set(ReleaseDemands.watched, environment, version: version)
        repository.merge(shop.files)
        let killed = dice.chance(40) ? dice.roll(3...10) : nil
        for round in 0..<dice.roll(8...16) where witness.violations.isEmpty {
            if round == killed { try await start() }
            try await go(on: !isRunning || dice.flip())
            try await look()
            pass(.seconds(5))
        }
    }

    /// Holds each lane that went back by its watch against the world, when nothing else is under way in it.
    func checkReversals() async throws {
        for reversal in witness.endedReversals(in: ledger) {
            let lane = reversal.lane
            let isThere = ledger.durable { state, _ in
                let record = state.lanes[lane]
                return record?.operation == nil && record?.settled?.slot.id == reversal.slot
            }
            guard isThere, let there = try await seen(lane) else { continue }
            if there.weights != [reversal.slot: 1000] {
                witness.accuse(
                    "\(lane) went back by its watch, and \(reversal.slot.short) does not serve")
            }
        }
    }

    /// What the world has in a lane; nil behind a partition.
    private func seen(_ lane: LaneID) async throws(ProviderError) -> LaneObservation? {
        do {
            let answer = try await world.observe(
                lane.environment, of: Name.fleet, lanes: [lane], since: nil)
            guard case .observed(let observation) = answer else { return nil }
            return observation.lanes[lane] ?? LaneObservation(lane: lane)
        } catch {
            guard error.isOutcomeUnknown else { throw error }
            return nil
        }
    }
}

/// A lane that went back by its watch, and the slot that has to serve in it.
struct Reversal: Hashable {
    let lane: LaneID
    let slot: SlotID
}
