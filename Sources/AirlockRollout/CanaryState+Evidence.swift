import AirlockAnalysis
package import AirlockModel

extension CanaryState {
    /// What the judge says, for people: its numbers and the limits that they are held to.
    package var told: String { judge.verdict.sentences.joined(separator: " ") }

    /// Adds what a source of signals said about the seconds since the last answer.
    ///
    /// A source that does not answer is asked for the same seconds again: they are neither lost nor
    /// counted twice.
    mutating func take(_ answer: SignalAnswer?, limits: [HardLimit], now: Moment) {
        switch answer {
        case nil: return
        case .down:
            judge.add(
                Look(
                    at: now.wall.milliseconds, step: step, metrics: [.fault(.down)],
                    limits: limits.map { _ in .fault(.down) }))
        case .counters(let target, let base):
            take(target, base, limits)
            let end = Timestamp(milliseconds: now.wall.milliseconds / 1000 * 1000)
            judgedTo = max(judgedTo ?? end, end)
        }
        verdict = judge.verdict.word
    }

    /// Adds one look for each second that either slot has.
    private mutating func take(
        _ target: [SecondCounters], _ base: [SecondCounters], _ limits: [HardLimit]
    ) {
        let new = Dictionary(target.map { ($0.second, $0) }, uniquingKeysWith: { $1 })
        let old = Dictionary(base.map { ($0.second, $0) }, uniquingKeysWith: { $1 })
        for second in Set(new.keys).union(old.keys).sorted() {
            let end = (second + 1) * 1000
            let tally = Tally(
                canary: Self.served(new[second]), stable: Self.served(old[second]),
                witnesses: Witnesses(
                    (new[second]?.errors ?? 0) > 0 ? [UInt64(max(0, second))] : []))
            judge.add(
                Look(
                    at: end, step: step, metrics: [.events(tally, at: end)],
                    limits: limits.map { limit in
                        new[second].flatMap { limit.reading(of: $0) }.map { .value($0, at: end) }
                    }))
        }
    }

    private static func served(_ counters: SecondCounters?) -> Served {
        guard let counters else { return .nothing }
        return Served(requests: Int64(counters.requests), bad: Int64(counters.errors))
    }
}

extension HardLimit {
    /// The value of the limit's signal in one second; nil where that second has none.
    fileprivate func reading(of counters: SecondCounters) -> SignalValue? {
        switch Known(rawValue: signal.description) {
        case .errorRate:
            counters.requests > 0
                ? SignalValue(
                    millionths: Int64(counters.errors) * 1_000_000 / Int64(counters.requests))
                : nil
        case .latencyP99:
            counters.latencyP99Microseconds.map { SignalValue(millionths: Int64($0)) }
        case .cpu: SignalValue(millionths: Int64(counters.cpuBasisPoints) * 100)
        case .memory:
            SignalValue(millionths: Int64(min(counters.memoryBytes, 1 << 40)) * 1_000_000)
        case nil: nil
        }
    }
}

extension Rollout {
    /// The most seconds that are asked for in one go.
    private static let mostSeconds = 3_600

    /// What an operation has to know of its slots before it goes on; nil when nothing.
    package static func question(
        of operation: OperationRecord, now: Moment
    ) -> SignalQuestion? {
        guard case .forward = operation.rollout.direction, let change = operation.change,
            case .canary(let plan) = change.strategy, let canary = operation.rollout.canary,
            let from = canary.judgedTo, plan.steps[canary.step] < 1000,
            let base = change.base?.slot.id, let target = change.target.slot
        else { return nil }
        let end = now.wall.milliseconds / 1000
        let start = max(from.milliseconds / 1000, end - mostSeconds)
        guard start < end else { return nil }
        return SignalQuestion(
            target: target, base: base, from: Timestamp(milliseconds: start * 1000),
            to: Timestamp(milliseconds: end * 1000))
    }
}
