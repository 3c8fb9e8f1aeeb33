/// Requests per second of one slot, in requests per million seconds.
package struct TrafficRate: Hashable, Comparable, Sendable, Codable {
    package let requestsPerMillionSeconds: Int64

    /// Holds the rate between 0 and 10^6 requests per second.
    package init(requestsPerMillionSeconds: Int64) {
        self.requestsPerMillionSeconds = min(max(requestsPerMillionSeconds, 0), 1_000_000_000_000)
    }

    /// What was seen in a time; 0 for no time.
    package init(requests: Int64, during time: Duration) {
        let milliseconds = Int128(time.wholeMilliseconds)
        guard milliseconds > 0 else {
            self.init(requestsPerMillionSeconds: 0)
            return
        }
        let rate = Int128(requests) * 1_000_000_000 / milliseconds
        self.init(requestsPerMillionSeconds: Int64(clamping: rate))
    }

    package static func < (left: TrafficRate, right: TrafficRate) -> Bool {
        left.requestsPerMillionSeconds < right.requestsPerMillionSeconds
    }
}

/// How long today's traffic needs for a decision, from the drift of the tests.
///
/// The evidence grows by its Kullback-Leibler drift on the average, so a limit b is reached after
/// (b + what the mixture costs + what the last event goes beyond) / drift (Wald 1945, equation
/// 7.5). Retries that count once count once here too.
package struct DecisionTime: Hashable, Sendable {
    package let canary: TrafficRate
    package let stable: TrafficRate
    /// Share of requests that are bad on the stable slot.
    package let errors: Chance

    package init(canary: TrafficRate, stable: TrafficRate, errors: Chance) {
        self.canary = canary
        self.stable = stable
        self.errors = errors
    }

    /// What the mixture of ``HarmTest`` costs at a ratio of 2 beyond its limit, overshoot included.
    private static let harmCost = LogEvidence(millionths: 1_300_000)
    /// The same for ``SafetyTest`` with a canary as good as stable.
    private static let safetyCost = LogEvidence(millionths: 400_000)
    /// Binary places of a drift.
    private static let places = 40
    /// A longer time is called never: 10 years.
    private static let longest = Duration.seconds(315_360_000)

    /// Time after which a doubling of bad events is called harmful, in the mean; nil for never.
    /// - Parameter chance: What the metric may spend on false alarms.
    package func toFindDoubling(chance: Chance) -> Duration? {
        let double = HarmRatio.double
        let (ours, theirs) = badRates(harm: double)
        let gain = ours * Int128(double.logarithm >> (56 - Self.places))
        let price = (ours + theirs) * logarithm(of: double)
        return time(LogEvidence(limitFor: chance) + Self.harmCost, drift: gain - price)
    }

    /// Time after which a harmless canary is called acceptable, in the mean; nil for never.
    /// - Parameters:
    ///   - limit: The evidence that is enough.
    ///   - have: What is there already.
    package func toExclude(
        _ tolerated: HarmRatio, limit: LogEvidence, have: LogEvidence = .zero
    ) -> Duration? {
        let (ours, theirs) = badRates(harm: HarmRatio(thousandths: 1000))
        let loss = ours * Int128(tolerated.logarithm >> (56 - Self.places))
        let gain = (ours + theirs) * logarithm(of: tolerated)
        let missing = limit + Self.safetyCost + LogEvidence(millionths: -have.millionths)
        return time(max(missing, .zero), drift: gain - loss)
    }

    /// Time after which a canary of whose requests `errors` are bad is called acceptable because of its
    /// own share, in the mean; nil for never.
    package func toExclude(_ share: ShareTest, errors: Chance) -> Duration? {
        let rate = Int128(canary.requestsPerMillionSeconds)
        guard rate > 0, let requests = share.requestsToExclude(errors: errors) else { return nil }
        // Requests in 10^6 s, in milliseconds.
        let (milliseconds, isBeyond) = requests.multipliedReportingOverflow(by: 1_000_000_000)
        let time = Duration.milliseconds(
            isBeyond ? Int64.max : Int64(clamping: milliseconds / rate))
        return time <= Self.longest ? time : nil
    }

    /// Time after which a step is decided either way: what tells a doubling of bad events, or that even
    /// a doubling is negligible.
    ///
    /// - Parameter share: Not begun; nil where only the ratio counts.
    /// - Returns: The longer of the times for a canary that doubles bad events and for one that does
    ///   not; nil when one of them is never.
    package func toDecide(
        chance: Chance, tolerated: HarmRatio, falsePass: Chance, share: ShareTest? = nil
    ) -> Duration? {
        let double = Chance(billionths: errors.billionths * 2)
        let harm = [
            toFindDoubling(chance: chance), share.flatMap { toExclude($0, errors: double) },
        ]
        let safety = [
            toExclude(tolerated, limit: LogEvidence(limitFor: falsePass)),
            share.flatMap { toExclude($0, errors: errors) },
        ]
        guard let bad = harm.compactMap(\.self).min(), let good = safety.compactMap(\.self).min()
        else { return nil }
        return stable.requestsPerMillionSeconds > 0 ? max(bad, good) : nil
    }

    /// Bad events of both slots in 10^15 seconds.
    private func badRates(harm: HarmRatio) -> (canary: Int128, stable: Int128) {
        let chance = Int128(errors.billionths)
        let ours = Int128(canary.requestsPerMillionSeconds) * chance
        return (
            ours * Int128(harm.thousandths) / 1000,
            Int128(stable.requestsPerMillionSeconds) * chance
        )
    }

    /// ln((m + ρ n) / (m + n)) with ``places``.
    private func logarithm(of ratio: HarmRatio) -> Int128 {
        let ours = UInt128(canary.requestsPerMillionSeconds)
        let theirs = UInt128(stable.requestsPerMillionSeconds)
        guard ours + theirs > 0 else { return 0 }
        let weighed = theirs * 1000 + ours * UInt128(ratio.thousandths)
        let logarithm = Logarithm.ln(weighed, over: (ours + theirs) * 1000)
        return Int128(logarithm >> (56 - Self.places))
    }

    private func time(_ evidence: LogEvidence, drift: Int128) -> Duration? {
        guard drift > 0 else { return nil }
        // nats / 10^6 · 2^40 · 10^15 s / drift, in milliseconds.
        let nats = Int128(evidence.millionths) * 1_000_000_000_000 << Int128(Self.places)
        let time = Duration.milliseconds(Int64(clamping: nats / drift))
        return time <= Self.longest ? time : nil
    }
}

extension DecisionTime {
    /// How long one weight needs.
    package struct OfWeight: Hashable, Sendable {
        /// Hundredths of a percent.
        package let basisPoints: Int64
        /// nil for never.
        package let time: Duration?
    }

    /// How long each weight of a rollout needs to tell a doubling of bad events.
    ///
    /// - Parameters:
    ///   - weights: In hundredths of a percent, held between 0 and 10,000.
    ///   - traffic: Of both slots together.
    package static func ofWeights(
        _ weights: [Int64], traffic: TrafficRate, errors: Chance, chance: Chance,
        tolerated: HarmRatio = .double, falsePass: Chance = .fivePercent, share: ShareTest? = nil
    ) -> [OfWeight] {
        weights.map { weight in
            let held = min(max(weight, 0), 10000)
            let all = traffic.requestsPerMillionSeconds
            let ours = all * held / 10000
            let time = DecisionTime(
                canary: TrafficRate(requestsPerMillionSeconds: ours),
                stable: TrafficRate(requestsPerMillionSeconds: all - ours), errors: errors)
            return OfWeight(
                basisPoints: weight,
                time: time.toDecide(
                    chance: chance, tolerated: tolerated, falsePass: falsePass, share: share))
        }
    }

    /// The first weight that decides within `deadline`; nil when none does.
    package static func first(of weights: [OfWeight], within deadline: Duration) -> OfWeight? {
        weights.first { weight in weight.time.map { $0 <= deadline } ?? false }
    }
}
