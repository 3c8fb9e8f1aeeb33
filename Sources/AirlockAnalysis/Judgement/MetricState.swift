/// One metric over a rollout: its tests and what is wrong with its source.
package struct MetricState: Hashable, Sendable, Codable {
    /// The two tests of a metric.
    package enum Tests: Hashable, Sendable, Codable {
        case events(HarmTest, SafetyTest)
        case parts(PartsTest)
        case latency(LatencyTest)
    }

    package let metric: ComparedMetric
    package private(set) var tests: Tests
    /// On the canary's own share; nil where the policy has none, and for latency, whose share is
    /// known by definition.
    package private(set) var share: ShareTest?
    /// What was wrong with the newest reading.
    package private(set) var fault: DataFault? = .empty
    /// The newest reading that counted, in milliseconds since 1970.
    private var newest: Int?
    /// The shortest time between two readings of this step, in milliseconds; nil before there are two.
    private var spacing: Int?
    /// Requests and time of this step, for the estimate.
    private var pace = Pace()

    /// How fast requests and bad events come in the present step.
    private struct Pace: Hashable, Sendable, Codable {
        var canary: Int64 = 0
        var stable: Int64 = 0
        var stableBad: Int64 = 0
        var milliseconds = 0
        /// See ``MetricState/compared``; nil for none.
        var compared: Int?
    }

    /// Nothing is known yet: the fault is ``DataFault/empty``.
    package init(
        metric: ComparedMetric, chance: Chance, falsePass: Chance, negligible: Chance? = nil
    ) {
        self.metric = metric
        share = negligible.flatMap { metric.kind.shareTest(of: $0, falsePass: falsePass) }
        switch metric.kind {
        case .badEvents:
            tests = .events(
                HarmTest(chance: chance),
                SafetyTest(tolerated: metric.tolerated, chance: falsePass))
        case .badParts:
            tests = .parts(
                PartsTest(tolerated: metric.tolerated, chance: chance, falsePass: falsePass))
        case .latency(let quantile):
            tests = .latency(
                LatencyTest(
                    quantile: quantile, tolerated: metric.tolerated, chance: chance,
                    falsePass: falsePass))
        }
    }

    /// Takes what a look said; nil leaves all as it is until the last reading is stale.
    package mutating func add(_ reading: MetricReading?, now: Int, freshness: Freshness) {
        switch reading {
        case .fault(let fault):
            self.fault = fault
            // The clock was set back: what it says from now on is new again.
            if fault == .fromTheFuture { newest = nil }
        case .events(let tally, let time):
            guard isNew(time, now, freshness) else { return }
            guard tally.isSound else {
                fault = .notANumber
                return
            }
            take(tally, at: time)
        case .latencies(let tally, let time):
            guard isNew(time, now, freshness) else { return }
            guard tally.isSound else {
                fault = .notANumber
                return
            }
            take(tally, at: time)
        case nil:
            guard let newest else { return }
            if let old = freshness.fault(at: newest, now: now) { fault = old }
        }
    }

    /// Whether a reading counts; sets the fault if its time is wrong.
    private mutating func isNew(_ time: Int, _ now: Int, _ freshness: Freshness) -> Bool {
        if let wrong = freshness.fault(at: time, now: now) {
            fault = wrong
            return false
        }
        return newest.map { time > $0 } ?? true
    }

    private mutating func take(_ tally: Tally, at time: Int) {
        switch tests {
        case .events(var harm, var safety):
            harm.add(tally)
            safety.add(tally)
            tests = .events(harm, safety)
        case .parts(var parts):
            parts.add(tally)
            tests = .parts(parts)
        case .latency:
            fault = .notANumber
            return
        }
        share?.add(tally)
        note(tally.canary.requests, tally.stable.requests, tally.stable.badAtLeast, at: time)
    }

    private mutating func take(_ tally: LatencyTally, at time: Int) {
        guard case .latency(var latency) = tests else {
            fault = .notANumber
            return
        }
        note(tally.canary.reduce(0, +), tally.stable.reduce(0, +), 0, at: time)
        latency.add(tally)
        tests = .latency(latency)
    }

    /// Counts requests; a source that saw none anywhere is empty.
    private mutating func note(_ canary: Int64, _ stable: Int64, _ bad: Int64, at time: Int) {
        fault = canary == 0 && stable == 0 ? .empty : nil
        // Two fresh readings are close together; the first of all has no time of its own.
        if let newest {
            pace.milliseconds += time - newest
            note(gap: time - newest)
        }
        newest = time
        pace.canary += canary
        pace.stable += stable
        pace.stableBad += bad
    }

    /// Begins a step: its safety has to be shown anew, evidence of harm stays.
    package mutating func beginStep() {
        (pace, spacing) = (Pace(), nil)
        share?.beginStep()
        switch tests {
        case .events(var harm, let safety):
            harm.renew()
            tests = .events(
                harm, SafetyTest(tolerated: safety.tolerated, limit: safety.limit))
        case .parts(var parts):
            parts.beginStep()
            tests = .parts(parts)
        case .latency(var latency):
            latency.beginStep()
            tests = .latency(latency)
        }
    }
}

extension MetricState {
    /// Milliseconds of this step in which both slots could be compared: since each had a request, and as far as there
    /// are readings. What came before, and a time without numbers, decides nothing.
    package var compared: Int { pace.compared ?? 0 }

    /// Readings that may be missing in a row until a time counts as one without numbers.
    private static let gaps = 3

    /// The first time between two readings says how far they are apart and counts for nothing itself: an outage may lie
    /// in it.
    private mutating func note(gap: Int) {
        guard gap > 0 else { return }
        defer { spacing = min(spacing ?? gap, gap) }
        guard let spacing, pace.canary > 0, pace.stable > 0 else { return }
        pace.compared = compared + min(gap, Self.gaps * spacing)
    }

    /// Who got no request in this step though its source counted; nil where both did, or nobody knows.
    package var unserved: Unserved? {
        guard newest != nil, fault == nil || fault == .empty else { return nil }
        return switch (pace.canary, pace.stable) {
        // Without a reading of this step nobody knows.
        case (0, 0): fault == .empty ? .both : nil
        case (0, _): .canary
        case (_, 0): .stable
        default: nil
        }
    }

    /// Whether the canary is harmful on this metric; latched.
    package var isHarmful: Bool {
        switch tests {
        case .events(let harm, _): harm.isHarmful
        case .parts(let parts): parts.isHarmful
        case .latency(let latency): latency.test.isHarmful
        }
    }

    /// The numbers so far.
    package var comparison: Comparison {
        switch tests {
        case .events(let harm, let safety):
            Comparison(
                metric: metric.name, harm: .init(evidence: harm.evidence, limit: harm.limit),
                safety: .init(evidence: safety.evidence, limit: safety.limit),
                tolerated: safety.tolerated, seen: harm.seen, share: shareProof)
        case .parts(let parts):
            Comparison(
                metric: metric.name,
                harm: .init(evidence: parts.harmEvidence, limit: parts.counted.limit),
                safety: .init(
                    evidence: parts.safetyEvidence, limit: parts.parts.safetyLimit),
                tolerated: parts.parts.tolerated, seen: parts.counted.seen, share: shareProof)
        case .latency(let latency):
            Comparison(
                metric: metric.name,
                harm: .init(
                    evidence: latency.test.harmEvidence, limit: latency.test.harmLimit),
                safety: .init(
                    evidence: latency.test.safetyEvidence, limit: latency.test.safetyLimit),
                tolerated: latency.test.tolerated, seen: latency.seen, areSlow: true)
        }
    }

    /// Why this metric does not pass the step; nil when it does.
    package var indecision: Indecision? {
        if let fault { return .fault(metric.name, fault) }
        if case .latency(let latency) = tests, latency.reference.edge == nil {
            return .noReference(metric.name)
        }
        let numbers = comparison
        // All of it came from one witness, or the tests would have decided.
        if numbers.harm.evidence >= numbers.harm.limit { return .oneWitness(numbers) }
        if isExcluded { return nil }
        if pace.canary == 0 || pace.stable == 0 { return .nothingToCompare(metric.name) }
        return .evidence(numbers, estimate: estimate)
    }

    private var shareProof: Comparison.Share? {
        share.map { share in
            Comparison.Share(
                negligible: share.negligible,
                proof: .init(evidence: share.evidence, limit: share.limit),
                isExcluded: share.isExcluded, areCauses: metric.kind == .badEvents ? true : nil)
        }
    }

    private var isExcluded: Bool {
        if share?.isExcluded == true { return true }
        return switch tests {
        case .events(_, let safety): safety.isExcluded
        case .parts(let parts): parts.isExcluded
        case .latency(let latency): latency.test.isExcluded
        }
    }

    /// How long the step's traffic needs to exclude harm from now on, if none is there.
    private var estimate: Duration? {
        guard pace.milliseconds > 0, pace.stable > 0 else { return nil }
        let numbers: Comparison
        switch tests {
        case .events, .parts: numbers = comparison
        case .latency: return nil
        }
        let rate = { (count: Int64) in
            TrafficRate(requests: count, during: .milliseconds(pace.milliseconds))
        }
        let part = Int128(pace.stableBad) * 1_000_000_000 / Int128(pace.stable)
        let errors = Chance(billionths: Int64(clamping: part))
        let time = DecisionTime(
            canary: rate(pace.canary), stable: rate(pace.stable), errors: errors)
        let ratio = time.toExclude(
            numbers.tolerated, limit: numbers.safety.limit, have: numbers.safety.evidence)
        let small = share.flatMap { time.toExclude($0, errors: errors) }
        return [ratio, small].compactMap(\.self).min()
    }
}

extension ComparedMetric.Kind {
    /// Bad events of one cause, in the mean at most, where no key tells them apart.
    private static let retries: Int64 = 5

    /// The test of the canary's own share; nil for latency.
    package func shareTest(of negligible: Chance, falsePass: Chance) -> ShareTest? {
        switch self {
        case .badEvents: ShareTest(negligible: negligible, falsePass: falsePass)
        case .badParts:
            ShareTest(negligible: negligible, retries: Self.retries, falsePass: falsePass)
        case .latency: nil
        }
    }
}
