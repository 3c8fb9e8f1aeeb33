import AirlockModel

/// What the world shows of itself.
extension World {
    /// What is there in an environment at `time`, of one fleet; nil when that is what `revision` says.
    ///
    /// - Parameter wanted: Nil for every lane.
    func observation(
        of environment: EnvironmentName, fleet: FleetName, lanes wanted: Set<LaneID>?,
        since revision: ProviderRevision?, at time: Timestamp
    ) -> Observation? {
        let place = places[environment] ?? Place()
        let stem = stem(of: place, fleet: fleet, lanes: wanted)
        if let revision, holds(revision, stem: stem, at: time) { return nil }
        let partitions = faults.partitions(in: environment, at: time)
        var found: [LaneID: LaneObservation] = [:]
        var until = ([nextLate(in: environment)] + partitions.map(\.until)).compactMap(\.self)
            .min()
        func add(_ key: LaneKey, _ state: LaneState) {
            let isCutOff = partitions.contains { $0.fault.scope.covers(key.lane) }
            var slots: [SlotObservation] = []
            for slot in state.slots.values {
                let seen = slot.observation(at: time, isCutOff: isCutOff)
                slots.append(seen.slot)
                until = [until, seen.until].compactMap(\.self).min()
            }
            let jobs = state.observedJobs(at: time, isCutOff: isCutOff)
            until = [until, jobs.until].compactMap(\.self).min()
            found[key.lane] = LaneObservation(
                lane: key.lane, slots: slots, weights: state.weights, jobs: jobs.jobs)
        }
        if let wanted {
            for lane in wanted where lane.environment == environment {
                let key = LaneKey(fleet: fleet, lane: lane)
                if let state = place.lanes[key] { add(key, state) }
            }
        } else {
            for (key, state) in place.lanes where key.fleet == fleet { add(key, state) }
        }
        let end = until.map(wall)
        return Observation(
            environment: environment,
            revision: ProviderRevision(stem + (end.map { String($0.milliseconds) } ?? "-")),
            claim: place.claim, lanes: found, until: end)
    }

    /// What a revision begins with: everything that an answer depends on but the time. The end of the
    /// revision is the wall time at which time alone changes the answer.
    private func stem(of place: Place, fleet: FleetName, lanes: Set<LaneID>?) -> String {
        let filter = lanes.map { lanes in
            // One lane is asked for after each action; its name is as good as a digest.
            if lanes.count == 1, let only = lanes.first { return only.description }
            return Digest(of: lanes.sorted().map(\.description).joined(separator: " ").utf8).short
        }
        let world = String(seed ?? 0, radix: 16)
        return "\(world).\(fleet).\(filter ?? "all").\(ahead.milliseconds).\(place.changes)."
    }

    private func holds(_ revision: ProviderRevision, stem: String, at time: Timestamp) -> Bool {
        guard revision.text.hasPrefix(stem) else { return false }
        let end = revision.text.dropFirst(stem.count)
        return end == "-" || Int(end).map { wall(at: time).milliseconds < $0 } ?? false
    }
}
