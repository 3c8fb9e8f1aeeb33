/// How two slots compared on one metric, in numbers.
package struct Comparison: Hashable, Sendable, Codable {
    package let metric: SignalName
    /// For and against harm.
    package let harm: Proof
    /// Against harm at or above the tolerated ratio, in this step.
    package let safety: Proof
    package let tolerated: HarmRatio
    /// Bad requests of the whole rollout, for latency those that were slow by what slow meant then; nil where none are
    /// counted.
    package let seen: Tally?
    /// Whether what ``seen`` counts is slow; nil for no.
    package let areSlow: Bool?
    /// Against a bad share at or above a negligible one, in this step; nil where none is tested.
    package let share: Share?

    /// How the canary's own bad share stands.
    package struct Share: Hashable, Sendable, Codable {
        package let negligible: Chance
        package let proof: Proof
        /// Stays true until the next step begins, whatever the evidence does.
        package let isExcluded: Bool
        /// Whether bad requests of one cause are counted once, so that more of all requests than
        /// ``negligible`` may be bad; nil where each counts.
        package let areCauses: Bool?

        package init(negligible: Chance, proof: Proof, isExcluded: Bool, areCauses: Bool? = nil) {
            self.negligible = negligible
            self.proof = proof
            self.isExcluded = isExcluded
            self.areCauses = areCauses
        }
    }

    /// Evidence and where it decides.
    package struct Proof: Hashable, Sendable, Codable {
        package let evidence: LogEvidence
        package let limit: LogEvidence

        package init(evidence: LogEvidence, limit: LogEvidence) {
            self.evidence = evidence
            self.limit = limit
        }
    }

    package init(
        metric: SignalName, harm: Proof, safety: Proof, tolerated: HarmRatio, seen: Tally?,
        areSlow: Bool? = nil, share: Share? = nil
    ) {
        self.metric = metric
        self.harm = harm
        self.safety = safety
        self.tolerated = tolerated
        self.seen = seen
        self.areSlow = areSlow
        self.share = share
    }
}

/// Why the canary is harmful.
package enum HarmReason: Hashable, Sendable, Codable {
    /// The comparison with stable passed its limit; the numbers are those of that look.
    case comparison(Comparison, at: Int)
    /// A hard limit is broken.
    case limit(HardLimit, value: SignalValue, since: Int, at: Int)
}

/// Why there is no verdict yet. None of these is a pass.
package enum Indecision: Hashable, Sendable, Codable {
    /// The newest reading of a metric says nothing.
    case fault(SignalName, DataFault)
    /// Nobody knows whether a limit is kept.
    case limitUnknown(HardLimit, DataFault)
    /// A signal is beyond its limit, but not for long enough yet.
    case limitBeyond(HardLimit, value: SignalValue, since: Int)
    /// One of the slots had no request in this step: there is nothing to compare.
    case nothingToCompare(SignalName)
    /// What is slow is not known yet: too few stable requests so far, or the quantile lies in the
    /// bucket without an upper bound.
    case noReference(SignalName)
    /// Evidence of harm is enough, but one key or instance alone had all of it.
    case oneWitness(Comparison)
    /// More requests are needed; how long that takes at the step's traffic, nil when unknown.
    case evidence(Comparison, estimate: Duration?)
    /// The policy compares nothing: limits alone never say that a release is acceptable.
    case noMetric
}

/// Which of the slots got no request.
package enum Unserved: Hashable, Sendable {
    case both
    case canary
    case stable

    /// `either slot`, `the new slot` or `the old slot`.
    package var words: String {
        switch self {
        case .both: "either slot"
        case .canary: "the new slot"
        case .stable: "the old slot"
        }
    }
}

/// What the judge says about a step.
package enum Verdict: Hashable, Sendable, Codable {
    /// Stays for the whole rollout, whatever comes later.
    case harmful([HarmReason])
    /// Every metric excluded harm in this step, at or above its tolerated ratio or at or above a
    /// negligible share of the requests, and all is known.
    case acceptable([Comparison])
    case undecided([Indecision])
}
