import AirlockModel

/// What slots did, second by second, computed when asked for.
extension World {
    /// The most seconds that one question may ask for.
    static let maximumSeconds = 86_400

    /// Counters of whole seconds in `from..<to` in which the slot ran; none once it is stopped.
    ///
    /// - Parameter to: Not later than now; nobody knows what comes.
    func counters(
        of id: SlotID, in lane: LaneID, from: Timestamp, to: Timestamp
    ) -> [SecondCounters] {
        guard let run = run(of: id, in: lane, from: from, to: to) else { return [] }
        return run.seconds.map { second in
            let weight = run.state.weight(of: id, at: Timestamp(milliseconds: second * 1000))
            return Self.counters(
                of: run.slot, weight: weight, milliRequests: run.traffic * weight / 1000,
                second: second, run.stream.numbers(in: second))
        }
    }

    /// What is known of a slot over a span of time.
    struct Run {
        let state: LaneState
        let slot: SlotState
        /// The whole seconds in which it ran.
        let seconds: Range<Int>
        let stream: SlotStream
        /// Requests of the lane, in thousandths a second.
        let traffic: Int
    }

    /// What numbers about a slot in `from..<to` are made of; nil where no such slot runs.
    func run(of id: SlotID, in lane: LaneID, from: Timestamp, to: Timestamp) -> Run? {
        let keys = fleets.map { LaneKey(fleet: $0, lane: lane) }
        guard from < to, let key = keys.first(where: { self.lane($0)?.slots[id] != nil }),
            let state = self.lane(key), let slot = state.slots[id]
        else { return nil }
        let start = (max(from, slot.started).milliseconds + 999) / 1000
        let end = min(to.milliseconds / 1000, start + Self.maximumSeconds)
        return Run(
            state: state, slot: slot, seconds: start..<max(start, end),
            stream: SlotStream(seed: seed ?? 0, lane: lane, slot: id),
            traffic: spec.traffic[lane.unit.name] ?? 0)
    }

    private static func counters(
        of slot: SlotState, weight: Int, milliRequests: Int, second: Int, _ numbers: SplitMix64
    ) -> SecondCounters {
        var random = numbers
        let time = Timestamp(milliseconds: second * 1000)
        let healthy = slot.instances(at: time).map { slot.phase(of: $0, at: time) }
            .filter { $0.phase == .healthy }
        let serving = slot.serving(at: time)
        let requests = Self.requests(milliRequests, &random)
        let errors = random.successes(
            of: requests, probability: errorRate(of: slot, served: serving, at: time))
        let noise = 0.9 + 0.2 * random.unit()
        let degraded = serving.compactMap { $0.degradation(at: time)?.latency }.max()
        let p99 = max(slot.behaviour.latencyP99, degraded ?? .zero)
        let latency = Double(p99.milliseconds * 1000) * noise
        let buckets = LatencyLadder.sample(requests, p99: latency, &random)
        let cpu = cpu(of: slot, weight: weight, milliRequests, instances: serving.count) * noise
        return SecondCounters(
            second: second, requests: requests, errors: errors,
            latencyP99Microseconds: requests == 0 ? nil : Int(latency),
            cpuBasisPoints: min(10_000, Int(cpu)),
            memoryBytes: healthy.map { slot.memory(healthyFor: $0.age) }.max(),
            separateErrors: errors, witnesses: clients(errors, second), latencyBuckets: buckets,
            slowest: slowest(buckets, second),
            named: slot.behaviour.signals?.map { $0.reading(after: time - slot.started) })
    }

    /// The first two of the clients that met an error: each request is of a client of its own.
    private static func clients(_ errors: Int, _ second: Int) -> [UInt64] {
        (0..<min(errors, 2)).map { UInt64(max(0, second)) << 20 | UInt64($0) }
    }

    /// Whole requests of one second; what is less than one comes now and then.
    static func requests(_ milliRequests: Int, _ random: inout SplitMix64) -> Int {
        let part = Double(milliRequests % 1000) / 1000
        return milliRequests / 1000 + (random.unit() < part ? 1 : 0)
    }

    /// Use of the limit in hundredths of a percent: by the requests that each instance gets where the
    /// artifact has a capacity, else by the share of the traffic alone.
    private static func cpu(
        of slot: SlotState, weight: Int, _ milliRequests: Int, instances: Int
    ) -> Double {
        guard let capacity = slot.behaviour.milliCapacity, capacity > 0 else {
            return Double(slot.behaviour.cpu.basisPoints * weight / 1000)
        }
        return Double(milliRequests) / Double(capacity * max(1, instances)) * 10_000
    }

    /// The share of requests that fail, over all instances that serve.
    private static func errorRate(
        of slot: SlotState, served serving: [SlotState.Instance], at time: Timestamp
    ) -> Double {
        guard !serving.isEmpty else { return 1 }
        let rate = errorRate(of: slot, at: time)
        let degraded = serving.compactMap { $0.degradation(at: time) }
        guard !degraded.isEmpty else { return rate }
        let bad = degraded.reduce(0.0) { $0 + $1.errorRate(beside: rate) }
        return (rate * Double(serving.count - degraded.count) + bad) / Double(serving.count)
    }

    /// The two slowest requests, each of a client of its own.
    private static func slowest(_ buckets: [Int], _ second: Int) -> [SecondCounters.Slowest] {
        var found: [SecondCounters.Slowest] = []
        for bucket in buckets.indices.reversed() {
            for _ in 0..<min(buckets[bucket], 2 - found.count) {
                let client = UInt64(max(0, second)) << 20 | UInt64(1 << 19 + found.count)
                found.append(SecondCounters.Slowest(witness: client, bucket: bucket))
            }
        }
        return found
    }

    static func errorRate(of slot: SlotState, at time: Timestamp) -> Double {
        let behaviour = slot.behaviour
        let isPoisoned = behaviour.poisonAfter.map { time - slot.started >= $0 } ?? false
        let rate = isPoisoned ? behaviour.poisonErrorRate : behaviour.errorRate
        return Double(rate.basisPoints) / 10_000
    }
}
