import AirlockModel

/// What slots did, second by second, computed when asked for.
extension World {
    /// The most seconds that one question may ask for.
    static let maximumSeconds = 86_400

    /// Counters of whole seconds in `from..<to` in which the slot ran.
    func counters(
        of key: LaneKey, slot id: SlotID, from: Timestamp, to: Timestamp
    ) -> [SecondCounters] {
        guard let lane = lanes[key], let slot = lane.slots[id] else { return [] }
        let first = max(from, slot.started).milliseconds
        let start = (first + 999) / 1000
        let end = min(to.milliseconds / 1000, start + Self.maximumSeconds)
        guard start < end else { return [] }
        return (start..<end).map { second in
            counters(of: slot, weight: lane.weights[id] ?? 0, in: key.lane, second: second)
        }
    }

    private func counters(
        of slot: SlotState, weight: Int, in lane: LaneID, second: Int
    ) -> SecondCounters {
        var random = SplitMix64(seed: seed, lane: lane, slot: slot.id, second: second)
        let time = Timestamp(milliseconds: second * 1000)
        let phases = slot.instances.map { slot.phase(of: $0, at: time) }
        let healthy = phases.filter { $0.phase == .healthy }
        let milliRequests = (spec.traffic[lane.unit.name] ?? 0) * weight / 1000
        let whole = milliRequests / 1000
        let part = Double(milliRequests % 1000) / 1000
        let requests = whole + (random.unit() < part ? 1 : 0)
        let errors = random.successes(
            of: requests,
            probability: healthy.isEmpty ? 1 : errorRate(of: slot, at: time))
        let noise = 0.9 + 0.2 * random.unit()
        let latency = Double(slot.behaviour.latencyP99.milliseconds * 1000) * noise
        let cpu = Double(slot.behaviour.cpu.basisPoints * weight / 1000) * noise
        return SecondCounters(
            second: second, requests: requests, errors: errors,
            latencyP99Microseconds: requests == 0 ? nil : Int(latency),
            cpuBasisPoints: min(10_000, Int(cpu)),
            memoryBytes: healthy.map { slot.memory(healthyFor: $0.age) }.max() ?? 0)
    }

    private func errorRate(of slot: SlotState, at time: Timestamp) -> Double {
        let behaviour = slot.behaviour
        let isPoisoned = behaviour.poisonAfter.map { time - slot.started >= $0 } ?? false
        let rate = isPoisoned ? behaviour.poisonErrorRate : behaviour.errorRate
        return Double(rate.basisPoints) / 10_000
    }
}
