package import AirlockAnalysis

/// One look of a judge in the integers that it was judged by, so that it can be judged again.
package struct JudgedLook: Hashable, Sendable, Codable {
    /// Now, in milliseconds since 1970.
    package let at: Int
    /// The step whose shares were in force, from 0.
    package let step: Int
    package let seen: Seen

    package init(at: Int, step: Int, seen: Seen) {
        self.at = at
        self.step = step
        self.seen = seen
    }

    /// What a look was at.
    package enum Seen: Hashable, Sendable, Codable {
        /// What both slots did in the second that ended then, for each metric of the policy, and the
        /// value of each limit's signal; nil where that second has none.
        case second(metrics: [Counts?], limits: [SignalValue?])
        /// Time alone passed.
        case clock
        case fault(DataFault)
    }

    /// What one second says about one metric.
    package enum Counts: Hashable, Sendable, Codable {
        case events(Tally)
        case latencies(LatencyTally)
    }
}

extension Look {
    /// The look that a judge of `policy` takes; the same one while a rollout goes on and in a replay.
    ///
    /// - Precondition: A second has a place for each metric and limit of `policy`.
    package init(_ judged: JudgedLook, policy: JudgePolicy) {
        let time = judged.at
        switch judged.seen {
        case .clock:
            self.init(
                at: time, step: judged.step, metrics: policy.metrics.map { _ in nil },
                limits: policy.limits.map { _ in nil })
        case .fault(let fault):
            self.init(
                at: time, step: judged.step, metrics: policy.metrics.map { _ in .fault(fault) },
                limits: policy.limits.map { _ in .fault(fault) })
        case .second(let metrics, let limits):
            self.init(
                at: time, step: judged.step,
                metrics: metrics.map { counts in counts.map { MetricReading($0, at: time) } },
                limits: limits.map { value in value.map { .value($0, at: time) } })
        }
    }
}

extension MetricReading {
    fileprivate init(_ counts: JudgedLook.Counts, at time: Int) {
        switch counts {
        case .events(let tally): self = .events(tally, at: time)
        case .latencies(let tally): self = .latencies(tally, at: time)
        }
    }
}
