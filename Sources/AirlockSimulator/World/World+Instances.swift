import AirlockModel

/// What single instances served, computed when asked for.
extension World {
    /// What each instance of a slot that was there at `to` served in the whole seconds of `from..<to`.
    func instances(
        of id: SlotID, in lane: LaneID, from: Timestamp, to: Timestamp
    ) -> [InstanceCounters] {
        guard let run = run(of: id, in: lane, from: from, to: to) else { return [] }
        let slot = run.slot
        var sums: [Int: InstanceSum] = [:]
        for instance in slot.instances(at: to) { sums[instance.number] = InstanceSum() }
        for second in run.seconds {
            let time = Timestamp(milliseconds: second * 1000)
            let weight = run.state.weight(of: id, at: time)
            var random = run.stream.numbers(in: second)
            let requests = Self.requests(run.traffic * weight / 1000, &random)
            let serving = slot.serving(at: time).sorted { $0.number < $1.number }
            for (place, instance) in serving.enumerated() where sums[instance.number] != nil {
                // The rest of the division goes round, so that no instance has more than its share.
                let isExtra = (place + second) % serving.count < requests % serving.count
                let own = requests / serving.count + (isExtra ? 1 : 0)
                var dice = run.stream.numbers(in: second, instance: instance.number)
                sums[instance.number]?.add(own, of: instance, in: slot, at: time, &dice)
            }
        }
        return sums.sorted { $0.key < $1.key }.map { number, sum in
            InstanceCounters(
                instance: "\(id.short)-\(number)", requests: sum.requests, errors: sum.errors,
                latencyP99Microseconds: sum.requests == 0 ? nil : sum.latency)
        }
    }
}

private struct InstanceSum {
    var requests = 0
    var errors = 0
    var latency = 0

    mutating func add(
        _ own: Int, of instance: SlotState.Instance, in slot: SlotState, at time: Timestamp,
        _ dice: inout SplitMix64
    ) {
        guard own > 0 else { return }
        let degradation = instance.degradation(at: time)
        let usual = World.errorRate(of: slot, at: time)
        let rate = degradation?.errorRate(beside: usual) ?? usual
        requests += own
        errors += dice.successes(of: own, probability: rate)
        let p99 = degradation?.latency ?? slot.behaviour.latencyP99
        let noise = 0.9 + 0.2 * dice.unit()
        latency = max(latency, Int(Double(p99.milliseconds * 1000) * noise))
    }
}
