/// Whether bad events fall on the canary more often than its share of the requests explains.
///
/// Every bad event asks "canary or stable?". If nothing is wrong it is the canary's with the chance
/// p = n / (n + m), n and m being the requests of canary and stable in the look; if the canary
/// harms with the ratio ρ, with ρ p / (1 - p + ρ p). The evidence is the likelihood ratio, averaged
/// over ``ratios``: x ln ρ - (x + y) ln((m + ρ n) / (m + n)) with x and y bad events (the Bernoulli
/// case of Lindon and Malek, NeurIPS 2022). The canary's bad events are counted at least and the
/// stable slot's at most, so that a burst never speaks for harm twice; the ratio rises with x and
/// falls with y. Sampling without replacement only makes it smaller (Hoeffding 1963, theorem 4).
package struct HarmTest: Hashable, Sendable, Codable {
    /// The harm ratios that the stake is bet on.
    package static let ratios = [1500, 2000, 3000, 5000, 10000, 20000]
        .map(HarmRatio.init(thousandths:))
    /// How the stake is split over ``ratios``, and what is held back for harm that begins late.
    private static let stakes: [Int64] = [2, 2, 2, 3, 4, 2]
    private static let reserved: Int64 = 1
    private static let logarithms = ratios.map(\.logarithm)
    /// A renewal comes with every this many looks that had evidence.
    private static let looksPerRenewal = 64

    /// The evidence at which the canary is called harmful.
    package let limit: LogEvidence
    /// The bets, one for each of ``ratios``.
    package private(set) var mixture: EvidenceMixture
    /// Sum of all looks.
    package private(set) var seen = Tally.nothing
    /// The evidence of all looks so far.
    package private(set) var evidence = LogEvidence.zero
    /// Stays true once it is.
    package private(set) var isHarmful = false
    private var looksSinceRenewal = 0

    /// - Parameter chance: Bounds the chance of ever calling a harmless canary harmful.
    package init(chance: Chance) {
        limit = LogEvidence(limitFor: chance)
        mixture = EvidenceMixture(weights: Self.stakes, reserved: Self.reserved)
    }

    /// Weighs one look. Adds nothing when one of the slots had no requests.
    /// - Precondition: `tally` is sound.
    package mutating func add(_ tally: Tally) {
        precondition(tally.isSound, "counts that nobody checked")
        guard tally.isComparable else { return }
        seen = seen + tally
        let bad = tally.canary.badAtLeast
        let all = bad + tally.stable.badAtMost
        guard all > 0 else { return }
        let plain = UInt128(tally.canary.requests + tally.stable.requests) * 1000
        for (place, ratio) in Self.ratios.enumerated() {
            let weighed =
                UInt128(tally.stable.requests) * 1000
                + UInt128(tally.canary.requests) * UInt128(ratio.thousandths)
            let price = Int128(all) * Int128(Logarithm.ln(weighed, over: plain))
            let gain = Int128(bad) * Int128(Self.logarithms[place])
            mixture.add(LogEvidence(fixed: gain - price), at: place)
        }
        evidence = mixture.total
        if evidence >= limit, seen.witnesses.agree { isHarmful = true }
        looksSinceRenewal += 1
        if looksSinceRenewal == Self.looksPerRenewal { renew() }
    }

    /// Bets a part of the reserve anew; called when a step begins.
    package mutating func renew() {
        mixture.renew()
        looksSinceRenewal = 0
    }
}
