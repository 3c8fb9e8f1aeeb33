import AirlockAnalysis
package import AirlockModel

extension CanaryState {
    /// What the judge says, for people: its numbers and the limits that they are held to.
    package var told: String { judge.verdict.sentences.joined(separator: " ") }

    /// What is said where nothing serves beside the new slot, so that its bounds are all that judges it;
    /// nil while it has no traffic to be held to them.
    package var toldOfBounds: String? {
        if judge.policy.limits.isEmpty {
            return "nothing judges it: the release has no bound under `rollback`"
        }
        if isHarmful { return told }
        guard judgedTo != nil, !isIdle else { return nil }
        guard case .undecided(let open) = judge.verdict else { return told }
        let bounds = open.filter(\.isAboutBound).map(\.sentence)
        return bounds.isEmpty ? "every bound is kept" : bounds.joined(separator: " ")
    }

    /// The chance of a false alarm, and how it is split over what is compared.
    package var falseAlarms: String { judge.policy.budget.description }

    /// One word: `harmful`, `acceptable` or `undecided`.
    package var word: String { judge.verdict.word }

    /// Seconds that no source has after this long are given up.
    private static let patience = 60

    /// Begins to judge under the shares that the router has just acknowledged: what was shown under
    /// others does not count for these.
    ///
    /// No second that is judged lies across the change of shares.
    mutating func begin(now: Moment) {
        (inForce, held, recorded) = (step, .zero, .zero)
        exposedBefore = exposed
        sharedSince = now.wall
        judgedTo = Timestamp(milliseconds: (now.wall.milliseconds / 1000 + 1) * 1000)
        look(now: now)
    }

    /// Counts the pause before this process as time at the step.
    mutating func countPause() {
        if inForce != nil, let paused { held += paused }
        paused = nil
    }

    /// Whether the new slot is held to bounds before it has any traffic.
    package var isIdle: Bool { judgedTo != nil && inForce == nil }

    /// Begins to hold an idle slot to bounds: no value counts from before it was whole.
    mutating func beginIdle(now: Moment) {
        (step, held, recorded) = (0, .zero, .zero)
        sharedSince = now.wall
        judgedTo = Timestamp(milliseconds: (now.wall.milliseconds / 1000 + 1) * 1000)
        fault(.empty, now: now)
    }

    /// Stops to hold an idle slot to bounds.
    mutating func endIdle() {
        if isIdle { suspend() }
    }

    /// Stops judging: the shares are not those of a step any more.
    mutating func suspend() {
        (inForce, judgedTo, sharedSince, silence, paused) = (nil, nil, nil, nil, nil)
    }

    /// Adds what a source of signals said about the seconds since the last answer.
    ///
    /// What a source does not have yet is asked for again, for a minute; nothing is counted twice. A
    /// source that is silent is told to the judge, which then concludes nothing.
    ///
    /// - Parameter bounds: What an idle slot is held to: nothing else is judged of it.
    mutating func take(_ answer: SignalAnswer?, idle bounds: PreviewBounds? = nil, now: Moment) {
        guard let from = judgedTo else { return }
        let end = now.wall.milliseconds / 1000
        if from.milliseconds / 1000 > end + 5 {
            // The clock went back: seconds that were judged come again, and they are others.
            judgedTo = Timestamp(milliseconds: (end + 1) * 1000)
            fault(.fromTheFuture, now: now)
            return
        }
        switch answer {
        case nil: return
        case .down(let reason):
            fault(.down, now: now)
            noteSilence(reason, of: bounds, now: now)
        case .counters(let target, let base):
            // What was not asked for yet is asked for next, and is no silence.
            let start = from.milliseconds / 1000
            let end = min(end, start + Rollout.mostSeconds)
            let asked = start..<max(start, end)
            let new = target.filter { asked.contains($0.second) }
            if isIdle {
                take(new, idle: bounds, until: end)
            } else {
                take(new, base.filter { asked.contains($0.second) }, until: end)
            }
            look(now: now)
            noteSilence(nil, of: bounds, now: now)
        }
    }

    /// Notes each instance of the new slot that was started again since the last look: a bad event of its
    /// own for the next second that is judged, with the instance as its witness, whoever started it.
    mutating func note(_ slot: SlotObservation?) {
        guard let slot else { return }
        let before = starts ?? [:]
        var known: [String: Int] = [:]
        for instance in slot.instances where instance.phase != .unknown {
            known[instance.id] = instance.starts
            let new = max(0, instance.starts - (before[instance.id] ?? instance.starts))
            let again = Array(repeating: instance.id, count: min(new, Self.mostRestarts))
            restarted = Array(((restarted ?? []) + again).suffix(Self.mostRestarts))
        }
        starts = known
    }

    /// The restarts that no second has told of yet, as the bad events that they are.
    private mutating func takeRestarts() -> Tally {
        let again = restarted ?? []
        restarted = nil
        let bad = Int64(again.count)
        return Tally(
            canary: Served(requests: bad, bad: bad), stable: .nothing,
            witnesses: Witnesses(again.map { Digest(of: $0.utf8).lead }))
    }

    /// The most restarts that wait to be told.
    private static let mostRestarts = 16

    /// Notes since when a signal is missing, and forgets it when none is.
    private mutating func noteSilence(_ reason: String?, of bounds: PreviewBounds?, now: Moment) {
        let isIdle = isIdle
        guard case .undecided(let open) = judge.verdict,
            let missing = open.first(where: {
                isIdle
                    ? $0.isAboutSilence(of: bounds)
                    : $0.isAboutSilence && !isForLackOfRequests($0)
            })
        else {
            silence = nil
            return
        }
        let since = silence?.since ?? now.wall
        // A source that is asked less often than it is looked at is still down in between.
        silence = Silence(since: since, reason: reason ?? silence?.reason ?? missing.sentence)
    }

    private mutating func fault(_ fault: DataFault, now: Moment) {
        judge(JudgedLook(at: now.wall.milliseconds, step: inForce ?? step, seen: .fault(fault)))
    }

    /// A look at the clock alone: what is old gets stale.
    private mutating func look(now: Moment) {
        judge(JudgedLook(at: now.wall.milliseconds, step: inForce ?? step, seen: .clock))
    }

    /// Adds one look for each second up to the last that both slots have.
    private mutating func take(
        _ target: [SecondCounters], _ base: [SecondCounters], until end: Int
    ) {
        let new = Dictionary(target.map { ($0.second, $0) }, uniquingKeysWith: { $1 })
        let old = Dictionary(base.map { ($0.second, $0) }, uniquingKeysWith: { $1 })
        let both = Set(new.keys).intersection(old.keys).max()
        let last = max(both ?? .min, end - 1 - Self.patience)
        for second in Set(new.keys).union(old.keys).sorted() where second <= last {
            if let requests = new[second]?.requests, requests > 0 {
                exposed = (exposed ?? 0) + requests
            }
            // Beside requests of the slot that serves the rest, or there is nothing to hold them to.
            let again = (old[second]?.requests ?? 0) > 0 ? takeRestarts() : nil
            let counts = judge.metrics.map {
                Self.counts(of: $0, new[second], old[second], again)
            }
            let values = judge.policy.limits.map { limit in
                new[second].flatMap { limit.reading(of: $0) }
            }
            judge(
                JudgedLook(
                    at: (second + 1) * 1000, step: inForce ?? step,
                    seen: .second(metrics: counts, limits: values)))
        }
        holdToBounds(new, after: last)
        let next = Timestamp(milliseconds: (last + 1) * 1000)
        judgedTo = judgedTo.map { max($0, next) }
    }

    /// Adds looks at the bounds alone for seconds that only the new slot has so far: they bind it whatever
    /// the old one does. What is compared of these seconds is judged when both have them.
    private mutating func holdToBounds(_ new: [Int: SecondCounters], after last: Int) {
        guard !judge.policy.limits.isEmpty else { return }
        let none = judge.metrics.map { _ in JudgedLook.Counts?.none }
        for second in new.keys.sorted() where second > last {
            let values = judge.policy.limits.map { limit in
                new[second].flatMap { limit.reading(of: $0) }
            }
            guard values.contains(where: { $0 != nil }) else { continue }
            judge(
                JudgedLook(
                    at: (second + 1) * 1000, step: inForce ?? step,
                    seen: .second(metrics: none, limits: values)))
        }
    }

    /// Adds one look for each second of an idle slot, at its bounds alone: what few requests it has are
    /// those of checks.
    private mutating func take(
        _ target: [SecondCounters], idle bounds: PreviewBounds?, until end: Int
    ) {
        var last = end - 1 - Self.patience
        for counters in target.sorted(by: { $0.second < $1.second }) {
            let values = judge.policy.limits.map { limit in
                bounds?.includes(limit) == true ? limit.reading(of: counters) : nil
            }
            judge(
                JudgedLook(
                    at: (counters.second + 1) * 1000, step: step,
                    seen: .second(metrics: judge.metrics.map { _ in nil }, limits: values)))
            last = max(last, counters.second)
        }
        let next = Timestamp(milliseconds: (last + 1) * 1000)
        judgedTo = judgedTo.map { max($0, next) }
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
        case .cpu: counters.cpuBasisPoints.map { SignalValue(millionths: Int64($0) * 100) }
        case .memory:
            counters.memoryBytes.map {
                SignalValue(millionths: Int64(min($0, 1 << 42)) * 1_000_000)
            }
        case nil: counters.named?.first { $0.signal == signal }?.value(against: side)
        }
    }
}

extension Rollout {
    /// The most seconds that are asked for in one go.
    static let mostSeconds = 3_600

    /// What an operation has to know of its slots before it goes on; nil when nothing.
    package static func question(
        of operation: OperationRecord, now: Moment
    ) -> SignalQuestion? {
        guard case .forward = operation.rollout.direction, let change = operation.change,
            let canary = operation.rollout.canary, let from = canary.judgedTo,
            let target = change.target.slot, canary.isIdle || change.base != nil,
            change.isReturn != true
        else { return nil }
        let start = from.milliseconds / 1000
        let end = min(now.wall.milliseconds / 1000, start + mostSeconds)
        guard start < end else { return nil }
        return SignalQuestion(
            target: target, base: canary.isIdle ? nil : change.base?.slot.id,
            bounded: canary.isIdle ? change.preview?.bounds?.signals ?? [] : [],
            from: Timestamp(milliseconds: start * 1000),
            to: Timestamp(milliseconds: end * 1000), sharedSince: canary.sharedSince ?? from)
    }
}

extension Indecision {
    /// Whether it is about a bound that the user wrote.
    fileprivate var isAboutBound: Bool {
        switch self {
        case .limitBeyond, .limitUnknown: true
        case .evidence, .noMetric, .oneWitness, .fault, .nothingToCompare, .noReference: false
        }
    }

    /// Whether it is that nobody knows a number.
    fileprivate var isAboutSilence: Bool {
        switch self {
        case .fault, .limitUnknown: true
        case .evidence, .noMetric, .oneWitness, .limitBeyond, .nothingToCompare, .noReference:
            false
        }
    }

    /// Whether it is that nobody knows what an idle slot is held to.
    fileprivate func isAboutSilence(of bounds: PreviewBounds?) -> Bool {
        guard case .limitUnknown(let limit, _) = self else { return false }
        return bounds?.includes(limit) == true
    }
}
