import AirlockHealing
import AirlockModel
import AirlockTestSupport

/// One lane that is looked at every five seconds, and everything that healing decided about it.
struct Ward {
    static let spec = Build.slot("api")

    var instances: [InstanceObservation]
    var policy = HealingPolicy(afterChange: .zero)
    var replicas = Build.replicas(10)
    var capabilities = Set(Capability.allCases)
    /// Of which instances the source of signals says what; the others are well.
    var counters: [String: InstanceCounters] = [:]
    var load: Share?
    var readings: InstanceReadings?
    /// How often the source of signals has another answer; nil for at each look.
    var every: Duration?
    var settledAt: Int?
    /// Whether there is a release to go back to.
    var hasEarlier = true
    var record = HealingRecord()
    var health = LaneHealth()
    /// Seconds since the lane settled.
    var time = 100_000
    /// Every action with its time.
    var done: [(at: Int, heal: Heal)] = []
    /// Everything that was said for the first time.
    var said: [HealingStatement] = []
    /// Whether actions have their effect.
    var works = true

    init(_ count: Int = 10) {
        instances = (0..<count).map { InstanceObservation(id: "i\($0)", phase: .healthy) }
        replicas = Build.replicas(count)
    }

    var slot: SlotObservation {
        SlotObservation(
            id: Self.spec.id, spec: Self.spec, replicas: instances.count, instances: instances)
    }

    var pages: [String] { said.filter { $0.kind == .page }.map(\.text) }
    var holds: [String] { said.filter { $0.kind == .hold }.map(\.text) }
    var actions: [String] { done.map { $0.heal.action.phrase } }

    /// Makes an instance something else.
    mutating func make(
        _ index: Int, _ phase: InstanceObservation.Phase, crashes: Int = 0, isEjected: Bool? = nil
    ) {
        let old = instances[index]
        instances[index] = InstanceObservation(
            id: old.id, phase: phase, starts: old.starts + crashes,
            isEjected: isEjected ?? old.isEjected)
    }

    /// Lets an instance fail so many of a hundred requests.
    mutating func degrade(_ index: Int, errors: Int, latency: Int = 50_000) {
        counters[instances[index].id] = InstanceCounters(
            instance: instances[index].id, requests: 100, errors: errors,
            latencyP99Microseconds: latency)
    }

    @discardableResult
    mutating func look(_ looks: Int = 1, every seconds: Int = 5) -> HealingDecision {
        precondition(looks > 0)
        var last: HealingDecision?
        for _ in 0..<looks {
            time += seconds
            last = lookOnce()
        }
        guard let last else { preconditionFailure("it looked") }
        return last
    }

    private mutating func lookOnce() -> HealingDecision {
        let now = Timestamp(milliseconds: time * 1000)
        let known = instances.filter(\.isServing).map {
            counters[$0.id]
                ?? InstanceCounters(
                    instance: $0.id, requests: 100, errors: 0, latencyP99Microseconds: 50_000)
        }
        health.look(
            at: slot, readings: readings ?? .known(known, load: load), scraping: every, now: now)
        let settled = Settled(
            slot: Self.spec, version: nil, replicas: replicas,
            change: settledAt == nil ? nil : ChangeID(digest: Digest(of: "a change".utf8)),
            operation: nil, commit: nil, at: Timestamp(milliseconds: (settledAt ?? 0) * 1000))
        let decision = Healer.decide(
            HealingCase(
                lane: Build.lane("production/api"), slot: slot, settled: settled,
                hasEarlier: hasEarlier, health: health, record: record, policy: policy,
                capabilities: capabilities, now: now))
        record = decision.record
        said += decision.fresh
        if let heal = decision.heal {
            record.spend(on: heal, at: now)
            health.expect(heal)
            done.append((time, heal))
            if works { carryOut(heal.action) }
        }
        return decision
    }

    private mutating func carryOut(_ action: Action) {
        let lane = LaneObservation(lane: Build.lane("production/api"), slots: [slot])
        guard let after = lane.after(action).slot(Self.spec.id) else { return }
        instances = after.instances
        if case .replace(_, let instance) = action { counters[instance] = nil }
    }
}
