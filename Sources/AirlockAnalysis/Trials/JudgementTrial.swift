/// One cell of the judge's table: traffic, harm and how bad events are told apart.
package struct JudgementTrial: Hashable, Sendable {
    /// How a source tells one bad event from a retry of it.
    package enum Counting: Hashable, Sendable {
        /// Once per key.
        case keyed
        /// No key is known: plain counters and ``PartsTest``.
        case nameless
        /// Every retry counts: what ``BadEvents`` is there against.
        case raw
        /// Once per second on both slots: wrong, because the busier slot loses more.
        case perSecond
    }

    /// Requests per second that reach the canary at its first weight of 1%.
    package let canaryRate: Double
    /// Share of the canary's requests that fail; stable has 0.5%.
    package let canaryErrors: Double
    /// Bad events of one burst in the mean, retries included; 1 is none.
    package let burst: Double
    package let counting: Counting

    /// Share of the stable slot's requests that fail.
    package static let stableErrors = 0.005

    package init(
        canaryRate: Double, canaryErrors: Double = JudgementTrial.stableErrors,
        burst: Double = 1, counting: Counting = .keyed
    ) {
        self.canaryRate = canaryRate
        self.canaryErrors = canaryErrors
        self.burst = burst
        self.counting = counting
    }

    /// What becomes of `runs` canaries at 1% of the traffic.
    ///
    /// - Parameters:
    ///   - seconds: How long each is watched.
    ///   - seed: Equal seeds give equal outcomes on every machine.
    package func watch(
        runs: Int, seconds: Int = 1800, seed: UInt64 = 1
    ) -> JudgementOutcome {
        var outcome = JudgementOutcome(runs: runs)
        for run in 0..<runs {
            var traffic = traffic(seed, run)
            var judge = judge
            var threshold = FixedThreshold()
            var ranks = MannWhitney(
                seed: seed &+ UInt64(run), rate: canaryRate, errors: Self.stableErrors,
                burst: burst)
            for second in 1...seconds {
                traffic.advance(canaryRate: canaryRate, stableRate: canaryRate * 99)
                if judge.reasons.isEmpty { judge.add(look(traffic, second: second, step: 0)) }
                threshold.add(traffic.canary, second: second)
                ranks.add(traffic.canary, second: second)
                if !judge.reasons.isEmpty, threshold.aborted != nil, ranks.aborted != nil { break }
            }
            outcome.judge.append(Self.abortSecond(judge))
            outcome.threshold.append(threshold.aborted)
            outcome.ranks.append(ranks.aborted)
        }
        return outcome
    }

    func traffic(_ seed: UInt64, _ run: Int) -> JudgementTraffic {
        JudgementTraffic(
            seed: seed &* 1_000_003 &+ UInt64(run), stableErrors: Self.stableErrors,
            canaryErrors: canaryErrors, burst: burst)
    }

    /// What the judge is told about a second.
    func look(_ traffic: JudgementTraffic, second: Int, step: Int) -> Look {
        let tally = Tally(
            canary: served(traffic.canary), stable: served(traffic.stable),
            witnesses: witnesses(traffic.canary, second: UInt64(second)))
        return Look(
            at: second * 1000, step: step, metrics: [.events(tally, at: second * 1000)])
    }

    private func served(_ slot: JudgementTraffic.Second) -> Served {
        switch counting {
        case .keyed: Served(requests: slot.requests, bad: slot.faults)
        case .raw: Served(requests: slot.requests, bad: slot.raw)
        case .perSecond: Served(requests: slot.requests, bad: min(slot.raw, 1))
        case .nameless:
            Served(
                requests: slot.requests, badAtLeast: min(slot.raw, 1), badAtMost: slot.raw)
        }
    }

    /// Every fault has a client of its own.
    private func witnesses(_ slot: JudgementTraffic.Second, second: UInt64) -> Witnesses {
        guard slot.raw > 0 else { return .none }
        return Witnesses(slot.faults > 1 ? [2 * second, 2 * second + 1] : [2 * second])
    }

    /// A judge of errors alone with all of 1%.
    var judge: Judge { counting == .nameless ? Self.partsJudge : Self.eventsJudge }

    private static let eventsJudge = judge(of: .badEvents)
    private static let partsJudge = judge(of: .badParts)

    private static func judge(of kind: ComparedMetric.Kind) -> Judge {
        let metric = SignalName("errors").map { ComparedMetric(name: $0, kind: kind) }
        do throws(JudgePolicyError) {
            return Judge(policy: try JudgePolicy(metrics: metric.map { [$0] } ?? []))
        } catch {
            preconditionFailure("the policy of the trials is invalid: \(error)")
        }
    }

    static func abortSecond(_ judge: Judge) -> Int? {
        switch judge.reasons.first {
        case .comparison(_, let time): time / 1000
        case .limit(_, _, _, let time): time / 1000
        case nil: nil
        }
    }
}

/// When each judge gave up each run, in seconds; nil where it did not.
package struct JudgementOutcome: Sendable {
    package let runs: Int
    /// ``Judge`` with 1% for the whole rollout.
    package internal(set) var judge: [Int?] = []
    /// More than 1% errors in 3 windows of a minute.
    package internal(set) var threshold: [Int?] = []
    /// Mann-Whitney on points of 60 s at minutes 10, 20 and 30.
    package internal(set) var ranks: [Int?] = []

    init(runs: Int) { self.runs = runs }

    /// How many of `times` are an abort, in millionths of the runs.
    package func share(_ times: [Int?]) -> Chance {
        let count = times.count { $0 != nil }
        return Chance(billionths: Int64(count) * 1_000_000_000 / Int64(max(runs, 1)))
    }

    /// The median over all runs, in seconds; nil when fewer than half were given up.
    package func median(_ times: [Int?]) -> Int? {
        let found = times.compactMap { $0 }.sorted()
        let place = (runs - 1) / 2
        return place < found.count ? found[place] : nil
    }
}
