/// Whether a larger part of the canary's requests than of the stable slot's is bad or slow.
///
/// Slow requests come in clusters: one pause of a machine slows all that it serves. So a look is
/// one observation, however many requests it has: f and g are the bad parts of canary and stable.
/// While nothing is wrong the mean of f - g is 0 whatever happens inside a look, and betting on f >
/// g multiplies the stake by 1 + λ (f - g) (Shekhar and Ramdas, arXiv 2309.09111). Parts above a
/// cap c can be cut to c while the canary has fewer requests than stable: its part then spreads
/// wider, and a cut lowers the mean of the wider one more (Jensen); λ may then be as large as 1/c.
/// The cap has to be known before the look.
///
/// The bet against harm at or above τ multiplies by 1 + λ (τ g - f), without a cap.
package struct FractionTest: Hashable, Sendable, Codable {
    /// One look at one slot.
    package struct Part: Hashable, Sendable, Codable {
        package let bad: Int64
        package let requests: Int64

        package init(bad: Int64, requests: Int64) {
            self.bad = bad
            self.requests = requests
        }
    }

    /// λ·c in eighths; never 8, at which one look could take the whole stake.
    private static let bets: [UInt128] = [2, 4, 7]

    /// c as a multiple of the part that is expected; nil is no cap.
    private static let caps: [Int64?] = [nil, 16, 4]

    /// What is to be excluded: the bad part of the canary over that of stable.
    package let tolerated: HarmRatio
    package let harmLimit: LogEvidence
    package let safetyLimit: LogEvidence
    private var harmBets = EvidenceMixture(
        weights: Array(repeating: 2, count: bets.count * caps.count), reserved: 2)
    private var safetyBets = Self.freshSafetyBets
    package private(set) var harmEvidence = LogEvidence.zero
    package private(set) var safetyEvidence = LogEvidence.zero
    /// Stays true once it is.
    package private(set) var isHarmful = false
    /// Stays true until the next step begins.
    package private(set) var isExcluded = false
    private var looksSinceRenewal = 0

    private static var freshSafetyBets: EvidenceMixture {
        EvidenceMixture(weights: [1, 1, 1], reserved: 0)
    }
    private static let looksPerRenewal = 64

    /// - Parameters:
    ///   - chance: Bounds the chance of ever calling a harmless canary harmful.
    ///   - falsePass: Bounds the chance of excluding a harm that is there, for each step.
    package init(tolerated: HarmRatio, chance: Chance, falsePass: Chance) {
        self.tolerated = tolerated
        harmLimit = LogEvidence(limitFor: chance)
        safetyLimit = LogEvidence(limitFor: falsePass)
    }

    /// Weighs one look; adds nothing when a slot had no requests.
    /// - Parameters:
    ///   - expected: The part that is bad on stable as far as earlier looks tell.
    ///   - mayAccuse: Whether enough witnesses agree.
    /// - Precondition: No more bad requests than requests, and at most 2^40 of them.
    package mutating func add(canary: Part, stable: Part, expected: Chance, mayAccuse: Bool) {
        guard canary.requests > 0, stable.requests > 0 else { return }
        let isSmaller = canary.requests <= stable.requests
        for (row, times) in Self.caps.enumerated() {
            let cap = isSmaller ? times.map { $0 * expected.billionths / 1000 } : nil
            let held = min(max(cap ?? 1_000_000, 1), 1_000_000)
            for (place, bet) in Self.bets.enumerated() {
                let evidence = Self.harm(canary, stable, cap: held, bet: bet)
                harmBets.add(evidence, at: row * Self.bets.count + place)
            }
        }
        for (place, bet) in Self.bets.enumerated() {
            safetyBets.add(safety(canary, stable, bet: bet), at: place)
        }
        harmEvidence = harmBets.total
        safetyEvidence = safetyBets.total
        if harmEvidence >= harmLimit, mayAccuse { isHarmful = true }
        if safetyEvidence >= safetyLimit { isExcluded = true }
        looksSinceRenewal += 1
        if looksSinceRenewal == Self.looksPerRenewal { renew() }
    }

    /// Begins a step: its safety has to be shown anew, evidence of harm stays.
    package mutating func beginStep() {
        safetyBets = Self.freshSafetyBets
        safetyEvidence = .zero
        isExcluded = false
        renew()
    }

    private mutating func renew() {
        harmBets.renew()
        looksSinceRenewal = 0
    }

    /// ln(1 + λ (min(f, c) - min(g, c))) as a quotient of whole numbers; `cap` in millionths.
    private static func harm(
        _ canary: Part, _ stable: Part, cap: Int64, bet: UInt128
    ) -> LogEvidence {
        let ours = UInt128(cap) * UInt128(canary.requests)
        let theirs = UInt128(cap) * UInt128(stable.requests)
        let bad = min(UInt128(canary.bad) * 1_000_000, ours)
        let theirBad = min(UInt128(stable.bad) * 1_000_000, theirs)
        // 8 a b + k (s b - t a), kept positive by k < 8 and t <= b.
        let whole = 8 * ours * theirs
        let after = whole + bet * bad * theirs - bet * theirBad * ours
        return LogEvidence(fixed: Int128(Logarithm.ln(after, over: whole)))
    }

    /// ln(1 + λ (τ g - f)).
    private func safety(_ canary: Part, _ stable: Part, bet: UInt128) -> LogEvidence {
        let ours = UInt128(canary.requests)
        let theirs = UInt128(stable.requests)
        let gain = bet * UInt128(tolerated.thousandths) * UInt128(stable.bad) * ours
        let loss = bet * 1000 * UInt128(canary.bad) * theirs
        let whole = 8000 * ours * theirs
        return LogEvidence(fixed: Int128(Logarithm.ln(whole + gain - loss, over: whole)))
    }
}
