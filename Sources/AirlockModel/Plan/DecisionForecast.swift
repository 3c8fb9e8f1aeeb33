package import AirlockAnalysis

/// What a lane served lately, as far as it was measured.
package struct LaneTraffic: Hashable, Sendable {
    /// How far back is looked.
    package static let window = Duration.seconds(3_600)
    /// Of fewer seconds nothing is concluded.
    package static let leastSeconds = 60
    /// How long a measurement counts as today's.
    package static let validity = Duration.seconds(900)

    /// Seconds that were measured.
    package let seconds: Int
    package let requests: Int
    package let errors: Int
    /// Whether the source tells retries from new faults.
    package let isKeyed: Bool

    package init(seconds: Int, requests: Int, errors: Int, isKeyed: Bool = false) {
        self.isKeyed = isKeyed
        self.seconds = seconds
        self.requests = requests
        self.errors = errors
    }

    /// Adds up what a source said.
    ///
    /// What was asked before the first answer ever is no error of the slot: nobody was there yet. A slot
    /// that had settled had answered before, and what fails then is its own.
    ///
    /// - Parameter settled: When the lane settled on the slot.
    package init(_ all: [SecondCounters], settled: Timestamp, isKeyed: Bool = false) {
        let answered = all.firstIndex { $0.requests > $0.errors } ?? all.startIndex
        let refused = all[..<answered].lastIndex {
            $0.errors > 0 && $0.second * 1000 < settled.milliseconds
        }
        let counters = all[(refused.map { $0 + 1 } ?? all.startIndex)...]
        // Some sources count less often than each second.
        let span = (counters.last?.second ?? 0) - (counters.first?.second ?? 0)
        let step = counters.count > 1 ? span / (counters.count - 1) : counters.count
        self.init(
            seconds: span + step, requests: counters.reduce(0) { $0 + $1.requests },
            errors: counters.reduce(0) { $0 + $1.errors }, isKeyed: isKeyed)
    }

    /// Requests per second, the mean of all that was measured.
    package var rate: TrafficRate {
        TrafficRate(requests: Int64(requests), during: .seconds(seconds))
    }

    /// The chance that a request fails: the mean after a half of an error more, so that none in a short
    /// time is not taken for none ever (H. Jeffreys, 1946).
    package var errorChance: Chance {
        let (bad, all) = (Int128(errors) * 2 + 1, Int128(requests) * 2 + 2)
        return Chance(billionths: Int64(clamping: bad * 1_000_000_000 / all))
    }
}

extension LaneTraffic {
    /// The test of a new slot's own errors, as it is when a step begins.
    fileprivate var share: ShareTest? {
        let kind: ComparedMetric.Kind = isKeyed ? .badEvents : .badParts
        return kind.shareTest(of: .oneInAThousand, falsePass: .fivePercent)
    }
}

/// What is known of a lane's traffic, and since when.
package struct MeasuredTraffic: Hashable, Sendable {
    package let result: Result
    package let at: Timestamp

    /// What came of asking.
    package enum Result: Hashable, Sendable {
        case seen(LaneTraffic)
        /// Why it is not known.
        case unknown(String)
    }

    package init(_ result: Result, at: Timestamp) {
        self.result = result
        self.at = at
    }

    /// What a source said of the slot that serves; too few seconds tell nothing.
    ///
    /// - Parameter settled: When the lane settled on the slot.
    package init(
        _ counters: [SecondCounters], settled: Timestamp, at: Timestamp, isKeyed: Bool = false
    ) {
        let traffic = LaneTraffic(counters, settled: settled, isKeyed: isKeyed)
        self.init(
            traffic.seconds < LaneTraffic.leastSeconds
                ? .unknown("it was measured for \(traffic.seconds) s only") : .seen(traffic),
            at: at)
    }

    /// What was seen; nil when it is not known.
    package var traffic: LaneTraffic? {
        if case .seen(let traffic) = result { traffic } else { nil }
    }

    /// Whether it is too old to be today's.
    package func isOld(at now: Timestamp) -> Bool {
        now < at || now - at >= LaneTraffic.validity
    }
}

/// How long today's traffic needs, at each step of a canary, to tell a doubling of errors.
package struct DecisionForecast: Hashable, Sendable {
    package let traffic: LaneTraffic
    /// The steps that are left only by a verdict, in order; that of all traffic is none.
    package let steps: [Step]
    /// What the release says about its steps.
    package let plan: CanaryPlan

    /// One share of the traffic.
    package struct Step: Hashable, Sendable {
        package let perMille: Int
        /// Requests per second of the new slot.
        package let rate: TrafficRate
        /// In the mean; nil for never.
        package let time: Duration?
        /// The least time at the step.
        package let hold: Duration
        /// How long it may take.
        package let deadline: Duration

        /// Whether it is decided in time.
        package var isInTime: Bool { time.map { $0 <= deadline } ?? false }
    }

    /// Nil where no step is judged.
    package init?(of plan: CanaryPlan, under traffic: LaneTraffic) {
        let judged = plan.steps.indices.filter {
            plan.steps[$0] < 1000 && plan.rule(at: $0).isJudged
        }
        guard !judged.isEmpty else { return nil }
        let all = traffic.rate
        let times = DecisionTime.ofWeights(
            judged.map { Int64(plan.steps[$0]) * 10 }, traffic: all, errors: traffic.errorChance,
            chance: plan.falseAlarms, share: traffic.share)
        steps = zip(judged, times).map { step, weight in
            let ours = all.requestsPerMillionSeconds * Int64(plan.steps[step]) / 1000
            return Step(
                perMille: plan.steps[step], rate: TrafficRate(requestsPerMillionSeconds: ours),
                time: weight.time, hold: plan.hold(at: step),
                deadline: plan.timeToDecide(at: step))
        }
        self.traffic = traffic
        self.plan = plan
    }

    /// The first step that is decided in time; nil when none is.
    package var first: Step? { steps.first(where: \.isInTime) }

    /// The first step at which the time is over before it is decided and cannot be widened; nil when the
    /// rollout comes to a decision by itself.
    ///
    /// Steps below the first that decides are widened while those who met the new slot, those of the coming hold
    /// included, are fewer than ``CanaryPlan/maxExposed``.
    package var stuck: Step? {
        guard let slow = steps.first(where: { !$0.isInTime }) else { return nil }
        guard let most = plan.maxExposed, let first else { return slow }
        let below = steps.prefix { $0 != first }
        guard below.isEmpty || exposed(upTo: first) < most else { return slow }
        return steps.dropFirst(below.count).first { !$0.isInTime }
    }

    /// Requests that the new slot gets while each step up to one is held, that one and those that nothing judges
    /// included.
    private func exposed(upTo last: Step) -> Int {
        let all = plan.steps.indices.filter { plan.steps[$0] <= last.perMille }.reduce(Int128(0)) {
            $0 + Int128(plan.steps[$1]) * Int128(plan.hold(at: $1).milliseconds)
        }
        let rate = Int128(last.rate.requestsPerMillionSeconds)
        return Int(clamping: all * rate / Int128(max(1, last.perMille)) / 1_000_000_000)
    }
}
