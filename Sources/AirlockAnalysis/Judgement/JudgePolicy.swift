/// A signal on which canary and stable are compared.
package struct ComparedMetric: Hashable, Sendable, Codable {
    /// What is counted.
    package enum Kind: Hashable, Sendable, Codable {
        /// Bad events among requests, told apart by key: errors, timeouts, restarts.
        case badEvents
        /// Bad requests where no key tells a retry from a new fault: plain counters.
        case badParts
        /// Requests slower than this quantile of stable's earlier ones. CPU and memory can be
        /// compared so too, with instances for requests.
        case latency(Quantile)
    }

    package let name: SignalName
    package let kind: Kind
    /// Its part of the budget, relative to the others; 1 to 10^6.
    package let weight: Int64
    /// Harm at or above it has to be excluded before a step passes; above 1.
    package let tolerated: HarmRatio

    package init(
        name: SignalName, kind: Kind = .badEvents, weight: Int64 = 1,
        tolerated: HarmRatio = .double
    ) {
        self.name = name
        self.kind = kind
        self.weight = weight
        self.tolerated = tolerated
    }
}

/// Why a policy is invalid.
package enum JudgePolicyError: Error, Hashable, Sendable {
    /// Neither metrics nor limits: nothing could ever be decided.
    case nothingToJudge
    /// Two metrics have this name.
    case twice(SignalName)
    /// Not in 1...10^6.
    case weight(SignalName, Int64)
    /// Not above 1: as good as stable can never be excluded.
    case tolerated(SignalName, HarmRatio)
    /// The tolerated ratio times the part that is slow by definition is not below 1.
    case toleratedIsEverything(SignalName)
    /// Not above 0 or not below 1.
    case chance(Chance)
    /// A duration is negative.
    case duration(SignalName)
    /// More than ``JudgePolicy/mostSignals`` metrics or limits.
    case tooMany(Int)
}

/// What a release says about how its canary is judged.
package struct JudgePolicy: Hashable, Sendable, Codable {
    /// Metrics, and limits, at most.
    package static let mostSignals = 64

    package let metrics: [ComparedMetric]
    package let limits: [HardLimit]
    package let budget: AlphaBudget
    /// The chance with which one step may pass a harm at or above the tolerated ratio.
    ///
    /// It is not split: a step passes only when every metric excludes harm.
    package let falsePass: Chance
    package let freshness: Freshness
    /// Below this share of bad requests a canary passes whatever stable has; nil where only the ratio
    /// counts, as in policies of old. Of ``ComparedMetric/Kind/badEvents`` it is a share of causes: with
    /// retries, more of the requests may be bad.
    ///
    /// To exclude it has a chance of its own, a fifth of ``falsePass``: a step passes a harm at or
    /// above both with a chance of at most 6/5 of that.
    package let negligible: Chance?

    /// - Throws: ``JudgePolicyError`` for the first thing that is wrong.
    package init(
        metrics: [ComparedMetric], limits: [HardLimit] = [], alpha: Chance = .onePercent,
        falsePass: Chance = .fivePercent, freshness: Freshness = .usual, negligible: Chance? = nil
    ) throws(JudgePolicyError) {
        try Self.check(metrics, limits)
        for chance in [alpha, falsePass, negligible ?? falsePass]
        where chance.billionths <= 0 || chance >= .certain {
            throw .chance(chance)
        }
        self.metrics = metrics
        self.limits = limits
        self.falsePass = falsePass
        self.freshness = freshness
        self.negligible = negligible
        budget = AlphaBudget(total: alpha, weights: metrics.map { ($0.name, $0.weight) })
    }

    private static func check(
        _ metrics: [ComparedMetric], _ limits: [HardLimit]
    ) throws(JudgePolicyError) {
        if metrics.isEmpty, limits.isEmpty { throw .nothingToJudge }
        let most = max(metrics.count, limits.count)
        if most > mostSignals { throw .tooMany(most) }
        var names: Set<SignalName> = []
        for metric in metrics {
            if !names.insert(metric.name).inserted { throw .twice(metric.name) }
            guard (1...1_000_000).contains(metric.weight) else {
                throw .weight(metric.name, metric.weight)
            }
            guard metric.tolerated.thousandths > 1000 else {
                throw .tolerated(metric.name, metric.tolerated)
            }
            if case .latency(let quantile) = metric.kind {
                let slow = 1000 - quantile.thousandths
                if metric.tolerated.thousandths * slow >= 1_000_000 {
                    throw .toleratedIsEverything(metric.name)
                }
            }
        }
        for limit in limits where limit.duration < .zero { throw .duration(limit.signal) }
    }
}
