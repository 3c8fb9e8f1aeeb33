package import AirlockModel
package import AirlockPorts

/// The world as `airlock sim show` prints it.
package struct WorldView: Sendable, Encodable {
    /// One slot and what it did in the last minute.
    package struct Slot: Sendable, Encodable {
        package let slot: String
        package let artifact: String
        package let weight: Int
        package let replicas: Int
        package let healthy: Int
        package let instances: [InstanceObservation]
        /// Sums of the last minute.
        package let requests: Int
        package let errors: Int
        package let latencyP99Microseconds: Int?
        package let cpuBasisPoints: Int
        package let memoryBytes: Int
    }

    /// One lane and its slots.
    package struct Lane: Sendable, Encodable {
        package let lane: String
        package let slots: [Slot]
        package let jobs: [JobObservation]
    }

    package let time: String
    package let seed: UInt64
    package let claims: [String: Claim]
    package let lanes: [Lane]
    package let faults: [SimulatedFault]
    package let orders: Int
}

extension SimulatedProvider {
    /// How far back the counters of a view reach.
    private static let span = Duration.seconds(60)

    /// Everything that is there now; of one environment when it is given.
    package func view(of environment: EnvironmentName?) async throws(ProviderError) -> WorldView {
        let (world, time) = try await store.current()
        let places = world.places.filter { environment == nil || $0.key == environment }
        let keys = places.values.flatMap(\.lanes.keys)
            .sorted { ($0.lane, $0.fleet) < ($1.lane, $1.fleet) }
        var claims: [String: Claim] = [:]
        for (name, place) in places { claims[name.description] = place.claim }
        return WorldView(
            time: time.rfc3339, seed: world.seed ?? 0, claims: claims,
            lanes: keys.map { Self.lane($0, in: world, at: time) },
            faults: world.faults.entries.filter { $0.isInForce(at: time) }.map(\.fault),
            orders: world.orders)
    }

    private static func lane(
        _ key: World.LaneKey, in world: World, at time: Timestamp
    ) -> WorldView.Lane {
        let state = world.lane(key) ?? LaneState()
        let slots = state.slots.values.sorted { $0.id < $1.id }.map { slot in
            let seen = slot.observation(at: time).slot
            let counters = world.counters(
                of: slot.id, in: key.lane, from: time + (.zero - span), to: time)
            return WorldView.Slot(
                slot: slot.id.description, artifact: slot.spec.artifact.description,
                weight: state.weights[slot.id] ?? 0, replicas: slot.replicas,
                healthy: seen.healthyCount, instances: seen.instances,
                requests: counters.reduce(0) { $0 + $1.requests },
                errors: counters.reduce(0) { $0 + $1.errors },
                latencyP99Microseconds: counters.compactMap(\.latencyP99Microseconds).max(),
                cpuBasisPoints: counters.last?.cpuBasisPoints ?? 0,
                memoryBytes: counters.last?.memoryBytes ?? 0)
        }
        return WorldView.Lane(
            lane: key.lane.description, slots: slots,
            jobs: state.observedJobs(at: time, isCutOff: false).jobs)
    }
}
