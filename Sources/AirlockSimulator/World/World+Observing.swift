import AirlockModel

/// What the world shows of itself.
extension World {
    /// What is there in an environment at `time`, of one fleet.
    ///
    /// - Parameter wanted: Nil for every lane.
    func observation(
        of environment: EnvironmentName, fleet: FleetName, lanes wanted: Set<LaneID>?,
        at time: Timestamp
    ) -> Observation {
        var found: [LaneID: LaneObservation] = [:]
        var until = nextPending(in: environment)
        func add(_ key: LaneKey, _ state: LaneState) {
            var slots: [SlotObservation] = []
            for slot in state.slots.values {
                let seen = slot.observation(at: time)
                slots.append(seen.slot)
                until = [until, seen.until].compactMap(\.self).min()
            }
            found[key.lane] = LaneObservation(
                lane: key.lane, slots: slots, weights: state.weights)
        }
        if let wanted {
            for lane in wanted where lane.environment == environment {
                let key = LaneKey(fleet: fleet, lane: lane)
                if let state = lanes[key] { add(key, state) }
            }
        } else {
            for (key, state) in lanes
            where key.fleet == fleet && key.lane.environment == environment {
                add(key, state)
            }
        }
        let count = changes[environment] ?? 0
        return Observation(
            environment: environment,
            revision: ProviderRevision("\(count)@\(time.milliseconds)"),
            claim: claims[environment], lanes: found, until: until.map(wall))
    }
}
