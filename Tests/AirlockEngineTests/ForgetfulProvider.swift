import AirlockModel
import AirlockPorts
import AirlockSimulator
import Synchronization

/// The simulated world, whose jobs until then are out of sight once a test says so.
final class ForgetfulProvider: ForwardingProvider {
    private struct State {
        var seen: Set<JobID> = []
        var forgotten: Set<JobID> = []
    }

    let world: SimulatedProvider
    private let state = Mutex(State())

    init(_ world: SimulatedProvider) { self.world = world }

    /// Forgets every job that was seen.
    func forget() { state.withLock { $0.forgotten = $0.seen } }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        let answer = try await world.observe(
            environment, of: fleet, lanes: lanes, since: revision)
        guard case .observed(let there) = answer else { return answer }
        let known = there.lanes.mapValues { withoutForgotten($0) }
        return .observed(
            Observation(
                environment: there.environment, revision: there.revision, claim: there.claim,
                lanes: known, until: there.until))
    }

    private func withoutForgotten(_ lane: LaneObservation) -> LaneObservation {
        let jobs = state.withLock { state in
            state.seen.formUnion(lane.jobs.map(\.id))
            return lane.jobs.filter { !state.forgotten.contains($0.id) }
        }
        return LaneObservation(
            lane: lane.lane, slots: lane.slots, weights: lane.weights, jobs: jobs)
    }
}
