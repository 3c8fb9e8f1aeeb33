/// Whether a harm at or above the tolerated ratio can be excluded.
///
/// The mirror of ``HarmTest``: evidence against "the harm ratio is at least τ" is the likelihood
/// ratio of a smaller ratio ρ to τ, x ln(ρ/τ) - (x + y) ln((m + ρ n) / (m + τ n)), averaged over
/// ``alternatives``. For a true ratio above τ its mean is even smaller, because it falls with the
/// canary's chance. Here the canary's bad events are counted at most and the stable slot's at
/// least.
package struct SafetyTest: Hashable, Sendable, Codable {
    /// The bets in thousandths of τ: as good as stable (for τ = 2), a little worse, better.
    private static let alternatives: [Int64] = [500, 650, 350]

    /// The harm ratio that is to be excluded.
    package let tolerated: HarmRatio
    /// The evidence at which it is excluded.
    package let limit: LogEvidence
    private var mixture: EvidenceMixture
    /// Sum of all looks.
    package private(set) var seen = Tally.nothing
    /// The evidence of all looks so far.
    package private(set) var evidence = LogEvidence.zero
    /// Stays true once it is.
    package private(set) var isExcluded = false

    /// - Parameter chance: Bounds the chance of ever excluding a harm that is there.
    package init(tolerated: HarmRatio, chance: Chance) {
        self.init(tolerated: tolerated, limit: LogEvidence(limitFor: chance))
    }

    /// - Parameter limit: The evidence that is enough.
    package init(tolerated: HarmRatio, limit: LogEvidence) {
        self.tolerated = tolerated
        self.limit = limit
        mixture = EvidenceMixture(weights: [2, 1, 1], reserved: 0)
    }

    /// Weighs one look. Adds nothing when one of the slots had no requests.
    /// - Precondition: `tally` is sound.
    package mutating func add(_ tally: Tally) {
        precondition(tally.isSound, "counts that nobody checked")
        guard tally.isComparable else { return }
        seen = seen + tally
        let bad = tally.canary.badAtMost
        let all = bad + tally.stable.badAtLeast
        guard all > 0 else { return }
        let stable = UInt128(tally.stable.requests) * 1_000_000
        let canary = UInt128(tally.canary.requests) * UInt128(tolerated.thousandths)
        for (place, part) in Self.alternatives.enumerated() {
            let price = Logarithm.ln(stable + canary * UInt128(part), over: stable + canary * 1000)
            let gain = Logarithm.ln(UInt128(part), over: 1000)
            let step = Int128(bad) * Int128(gain) - Int128(all) * Int128(price)
            mixture.add(LogEvidence(fixed: step), at: place)
        }
        evidence = mixture.total
        if evidence >= limit { isExcluded = true }
    }
}
