/// Whether it can be excluded that the canary's own bad share is at or above a small one.
///
/// Where next to nothing is bad no ratio can be told, however many requests there are. So this stands
/// beside ``SafetyTest``: evidence against "at least s of the requests are bad" is the likelihood
/// ratio of a smaller share r to s, x ln(r/s) + (n - x) ln((1 - r)/(1 - s)), averaged over
/// ``alternatives``. For a true share above s its mean is even smaller, because it falls with x. The
/// canary's bad events are counted at most.
package struct ShareTest: Hashable, Sendable, Codable {
    /// The bets in thousandths of s: next to nothing, a quarter, half.
    private static let alternatives: [Int64] = [50, 250, 500]
    private static let stakes: [Int64] = [2, 1, 1]
    /// What part of the chance of a false pass is spent here, on top of what ``SafetyTest`` spends.
    private static let partOfFalsePass: Int64 = 5

    /// The share that is to be excluded, as people are told it.
    package let negligible: Chance
    /// The share of separate causes that is tested: a bad event may come again a few times.
    package let tested: Chance
    /// The evidence at which it is excluded.
    package let limit: LogEvidence
    private var mixture = EvidenceMixture(weights: stakes, reserved: 0)
    /// The evidence of all looks of the step.
    package private(set) var evidence = LogEvidence.zero
    /// Stays true until the next step begins.
    package private(set) var isExcluded = false

    /// - Parameters:
    ///   - negligible: At least a billionth and below 1; held there.
    ///   - retries: Bad events that one cause gives, in the mean at most; 1 where a key tells them
    ///     apart. A share of bad events may then come from so many fewer causes, and that none was
    ///     seen says so much less.
    ///   - falsePass: What a step may spend; a fifth of it bounds the chance of excluding here a
    ///     share that is there.
    package init(negligible: Chance, retries: Int64 = 1, falsePass: Chance) {
        self.negligible = negligible
        let share = negligible.billionths / max(retries, 1)
        tested = Chance(billionths: min(max(share, 1), 999_999_999))
        limit = LogEvidence(
            limitFor: Chance(billionths: falsePass.billionths / Self.partOfFalsePass))
    }

    /// Weighs one look. Adds nothing when one of the slots had no requests, as its sisters do.
    /// - Precondition: `tally` is sound.
    package mutating func add(_ tally: Tally) {
        precondition(tally.isSound, "counts that nobody checked")
        guard tally.isComparable else { return }
        let bad = Int128(tally.canary.badAtMost)
        let good = Int128(tally.canary.requests) - bad
        for (place, part) in Self.alternatives.enumerated() {
            let (fall, rise) = prices(of: part)
            mixture.add(LogEvidence(fixed: bad * fall + good * rise), at: place)
        }
        evidence = mixture.total
        if evidence >= limit { isExcluded = true }
    }

    /// Begins a step: it has to be shown anew.
    package mutating func beginStep() {
        mixture = EvidenceMixture(weights: Self.stakes, reserved: 0)
        evidence = .zero
        isExcluded = false
    }

    /// How many more requests of the canary are enough, in the mean, when `errors` of them are bad;
    /// nil for never.
    package func requestsToExclude(errors: Chance) -> Int128? {
        let bad = Int128(errors.billionths)
        return zip(Self.alternatives, mixture.parts).compactMap { part, have -> Int128? in
            let (fall, rise) = prices(of: part)
            let drift = bad * fall + (1_000_000_000 - bad) * rise
            guard drift > 0 else { return nil }
            let missing = Int128(max(limit.millionths - have.millionths, 0))
            // nats / 10^6 · 2^56 · 10^9 / drift.
            return (missing * 1000) << Int128(Logarithm.places) / drift
        }.min()
    }

    /// What a bad and a good request add to a bet, with the places of ``Logarithm``.
    private func prices(of part: Int64) -> (bad: Int128, good: Int128) {
        let share = UInt128(tested.billionths)
        let whole: UInt128 = 1_000_000_000_000
        let good = Logarithm.ln(whole - share * UInt128(part), over: whole - share * 1000)
        return (Int128(Logarithm.ln(UInt128(part), over: 1000)), Int128(good))
    }
}
