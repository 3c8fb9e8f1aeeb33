import AirlockHealing
import AirlockMemory
import AirlockModel
import AirlockTestSupport
import Testing

/// What holds whatever happens, in lives that a seed decides.
@Suite("whatever happens to its instances") struct HealingPropertyTests {
    /// Lets a seed decide about instances, signals and policy, and hands over each look.
    private func live(_ seed: UInt64, _ check: (_ before: Ward, _ after: Ward) -> Void) {
        var dice = SplitMix(seed: seed)
        func roll(_ range: ClosedRange<Int>) -> Int {
            range.lowerBound + Int(dice.next() % UInt64(range.count))
        }
        var ward = Ward(roll(1...24))
        let count = ward.instances.count
        if roll(0...1) == 0 { ward.replicas = Build.replicas(max(1, count / 2), count + 4) }
        ward.policy.budget = .init(count: roll(1...6), window: .seconds(roll(60...1_200)))
        ward.works = roll(0...3) > 0
        for _ in 0..<300 {
            let index = roll(0...max(0, ward.instances.count - 1))
            switch roll(0...19) {
            case 0, 1: ward.make(index, .failed)
            case 2: ward.make(index, .unhealthy)
            case 3: ward.make(index, .healthy, crashes: roll(1...3))
            case 4, 5: ward.degrade(index, errors: roll(0...60), latency: roll(1...40) * 20_000)
            case 6: ward.counters = [:]
            case 7: ward.load = Share(basisPoints: roll(0...10_000))
            case 8: ward.make(index, .unknown)
            case 9: ward.readings = roll(0...2) == 0 ? .down("gone") : nil
            case 10...12: ward.make(index, .healthy)
            case 13: ward.make(index, .starting)
            default: break
            }
            let before = ward
            ward.look(1, every: roll(0...30) == 0 ? roll(60...7_200) : 5)
            check(before, ward)
        }
    }

    @Test("no window has more actions than the budget", arguments: 0..<60)
    func budget(seed: Int) {
        var acted: [Int] = []
        live(UInt64(seed)) { before, after in
            guard after.done.count > before.done.count, let last = after.done.last else { return }
            if case .readmit = last.heal.action { return }
            acted.append(last.at)
            let budget = after.policy.budget
            let inWindow = acted.count { (last.at - $0) * 1000 < budget.window.milliseconds }
            #expect(inWindow <= budget.count, "seed \(seed) at \(last.at)")
        }
    }

    @Test("no action takes what is left below what is needed", arguments: 0..<60)
    func capacity(seed: Int) {
        live(UInt64(seed)) { before, after in
            guard after.done.count > before.done.count, let heal = after.done.last?.heal,
                let instance = before.instances.first(where: { $0.id == heal.instance }),
                instance.isServing
            else { return }
            switch heal.action {
            case .eject, .replace:
                let total = before.instances.count
                let left = before.instances.count { $0.id != instance.id && $0.isServing }
                let out = before.instances.count(where: \.isEjected)
                let declared = before.replicas
                let least =
                    declared.minimum < declared.maximum
                    ? declared.minimum : total - max(1, total / 10)
                #expect(left >= max(1, least), "seed \(seed): \(heal.phrase)")
                if case .eject = heal.action {
                    #expect(out + 1 <= max(1, total / 10), "seed \(seed): \(heal.phrase)")
                }
            case .start, .scale, .route, .stop, .restart, .readmit, .run: return
            }
        }
    }

    @Test("nothing is done while an instance's state is unknown", arguments: 0..<60)
    func telemetry(seed: Int) {
        live(UInt64(seed)) { before, after in
            if before.instances.contains(where: { $0.phase == .unknown }) {
                #expect(after.done.count == before.done.count, "seed \(seed)")
            }
        }
    }

    @Test("scaling stays inside its bounds, and one at a time", arguments: 0..<60)
    func bounds(seed: Int) {
        live(UInt64(seed)) { before, after in
            guard after.done.count > before.done.count,
                case .scale(_, let replicas)? = after.done.last?.heal.action
            else { return }
            #expect(after.replicas.contains(replicas), "seed \(seed)")
            #expect(abs(replicas - before.instances.count) == 1, "seed \(seed)")
        }
    }

    @Test("what is kept stays small, and the same input gives the same decision", arguments: 0..<60)
    func size(seed: Int) {
        var (once, again): ([Ward], [Ward]) = ([], [])
        live(UInt64(seed)) { once.append($1) }
        live(UInt64(seed)) { again.append($1) }
        for (one, other) in zip(once, again) {
            #expect(one.record == other.record && one.actions == other.actions)
            #expect(one.record.incidents.count <= HealingRecord.maximumIncidents)
            #expect(one.record.sentences.count <= one.instances.count)
            #expect(one.record.said.count <= 16)
            #expect(one.record.incidents.allSatisfy { $0.seen.count <= Incident.kept })
        }
    }
}
