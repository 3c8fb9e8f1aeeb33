/// What one source said about one metric in one look.
package enum MetricReading: Hashable, Sendable, Codable {
    /// Requests and bad events since the reading before; `at` in milliseconds since 1970.
    case events(Tally, at: Int)
    /// Requests by latency since the reading before.
    case latencies(LatencyTally, at: Int)
    case fault(DataFault)
}

/// All that is known at one moment; the inputs of a replay.
package struct Look: Hashable, Sendable, Codable {
    /// Now, in milliseconds since 1970.
    package let at: Int
    /// Counted up by every change of weight; a step's safety is shown anew.
    package let step: Int
    /// One for each metric of the policy, in its order; nil where this look has none.
    package let metrics: [MetricReading?]
    /// One for each limit of the policy, in its order; nil where this look has none.
    package let limits: [SignalReading?]

    package init(
        at: Int, step: Int, metrics: [MetricReading?], limits: [SignalReading?] = []
    ) {
        self.at = at
        self.step = step
        self.metrics = metrics
        self.limits = limits
    }
}

/// Judges a canary beside its stable slot, look by look, over a whole rollout.
///
/// Pure: the same looks give the same state and verdict, byte for byte, on every machine, and it
/// makes no difference where the state was written and read again.
package struct Judge: Hashable, Sendable, Codable {
    package let policy: JudgePolicy
    /// In the order of the policy.
    package private(set) var metrics: [MetricState]
    /// In the order of the policy.
    package private(set) var limits: [LimitWatch]
    /// Latched: once it is not empty the verdict is harmful.
    package private(set) var reasons: [HarmReason] = []
    private var step: Int?

    /// Nothing is known yet.
    package init(policy: JudgePolicy) {
        self.policy = policy
        metrics = zip(policy.metrics, policy.budget.shares).map { metric, share in
            MetricState(
                metric: metric, chance: share.chance, falsePass: policy.falsePass,
                negligible: policy.negligible)
        }
        limits = policy.limits.map { LimitWatch(limit: $0, freshness: policy.freshness) }
    }

    /// Takes one look.
    ///
    /// - Precondition: It has a place for each metric and limit of the policy. A source that reads
    ///   twice what it read before is harmless: only newer readings count.
    package mutating func add(_ look: Look) {
        precondition(look.metrics.count == metrics.count, "a look of another policy: metrics")
        precondition(look.limits.count == limits.count, "a look of another policy: limits")
        if let step, step != look.step {
            for place in metrics.indices { metrics[place].beginStep() }
        }
        step = look.step
        for place in metrics.indices {
            let wasHarmful = metrics[place].isHarmful
            metrics[place].add(look.metrics[place], now: look.at, freshness: policy.freshness)
            if metrics[place].isHarmful, !wasHarmful {
                reasons.append(.comparison(metrics[place].comparison, at: look.at))
            }
        }
        for place in limits.indices {
            let before = limits[place].state
            if let reading = look.limits[place] {
                limits[place].add(reading, now: look.at)
            } else {
                limits[place].skip(now: look.at)
            }
            guard limits[place].state != before else { continue }
            if case .broken(let value, let since, let time) = limits[place].state {
                reasons.append(
                    .limit(limits[place].limit, value: value, since: since, at: time))
            }
        }
    }

    /// The time of this step in which all that is compared could be; nil where nothing is.
    package var compared: Duration? {
        metrics.map(\.compared).min().map { .milliseconds($0) }
    }

    /// Who got no request in this step, so that nothing can be compared though all of it was counted.
    package var unserved: Unserved? {
        let found = Set(metrics.map(\.unserved))
        return found.contains(nil) ? nil : found.count == 1 ? metrics[0].unserved : .both
    }

    /// What the looks so far say about the present step.
    package var verdict: Verdict {
        if !reasons.isEmpty { return .harmful(reasons) }
        var open = limits.compactMap(Self.indecision) + metrics.compactMap(\.indecision)
        if metrics.isEmpty { open.append(.noMetric) }
        return open.isEmpty ? .acceptable(metrics.map(\.comparison)) : .undecided(open)
    }

    private static func indecision(of watch: LimitWatch) -> Indecision? {
        switch watch.state {
        case .kept, .broken: nil
        case .beyond(let value, let since):
            .limitBeyond(watch.limit, value: value, since: since)
        case .unknown(let fault): .limitUnknown(watch.limit, fault)
        }
    }
}
