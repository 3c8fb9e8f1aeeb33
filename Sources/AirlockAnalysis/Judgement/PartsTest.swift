/// Bad requests where no key tells a retry from a new fault, as with plain counters.
///
/// Two tests share the stake, because the mean of two e-values is one: ``HarmTest`` on what is sure
/// (at least one cause in each second that has a bad event, at most all), which is quick for few
/// requests and blind for many, and ``FractionTest``, which takes a look for one observation and is
/// the other way round. Right for any clusters inside a look; clusters that go on into the next one
/// overstate.
package struct PartsTest: Hashable, Sendable, Codable {
    /// On what is sure; its own limit is the whole of α.
    package private(set) var counted: HarmTest
    /// On the bad part of each look.
    package private(set) var parts: FractionTest
    private var countedSafety: SafetyTest
    /// The mean of both.
    package private(set) var harmEvidence = LogEvidence.zero
    /// The mean of both, in this step.
    package private(set) var safetyEvidence = LogEvidence.zero
    /// Stays true once it is.
    package private(set) var isHarmful = false
    /// Stays true until the next step begins.
    package private(set) var isExcluded = false
    /// Stable's earlier requests and bad ones, halved when there are many.
    private var earlier = FractionTest.Part(bad: 0, requests: 0)

    /// Requests after which old ones begin to fade: 2^24.
    private static let fading: Int64 = 1 << 24
    /// -ln 2, rounded down.
    private static let half = LogEvidence(millionths: -693_148)

    /// - Parameters:
    ///   - chance: Bounds the chance of ever calling a harmless canary harmful.
    ///   - falsePass: Bounds the chance of excluding a harm that is there, for each step.
    package init(tolerated: HarmRatio, chance: Chance, falsePass: Chance) {
        counted = HarmTest(chance: chance)
        countedSafety = SafetyTest(tolerated: tolerated, chance: falsePass)
        parts = FractionTest(tolerated: tolerated, chance: chance, falsePass: falsePass)
    }

    /// Weighs one look and then learns from its stable half.
    /// - Precondition: `tally` is sound.
    package mutating func add(_ tally: Tally) {
        counted.add(tally)
        countedSafety.add(tally)
        if earlier.requests > 0 {
            let expected = UInt128(earlier.bad) * 1_000_000_000 / UInt128(earlier.requests)
            parts.add(
                canary: Self.part(tally.canary), stable: Self.part(tally.stable),
                expected: Chance(billionths: Int64(expected)), mayAccuse: true)
        }
        harmEvidence = Self.mean(counted.evidence, parts.harmEvidence)
        safetyEvidence = Self.mean(countedSafety.evidence, parts.safetyEvidence)
        if harmEvidence >= counted.limit, counted.seen.witnesses.agree { isHarmful = true }
        if safetyEvidence >= countedSafety.limit { isExcluded = true }
        var bad = earlier.bad + tally.stable.badAtMost
        var requests = earlier.requests + tally.stable.requests
        while requests > Self.fading {
            bad /= 2
            requests /= 2
        }
        earlier = FractionTest.Part(bad: bad, requests: requests)
    }

    /// Begins a step: its safety has to be shown anew, evidence of harm stays.
    package mutating func beginStep() {
        counted.renew()
        countedSafety = SafetyTest(
            tolerated: countedSafety.tolerated, limit: countedSafety.limit)
        parts.beginStep()
        safetyEvidence = .zero
        isExcluded = false
    }

    private static func part(_ served: Served) -> FractionTest.Part {
        FractionTest.Part(bad: served.badAtMost, requests: served.requests)
    }

    private static func mean(_ one: LogEvidence, _ other: LogEvidence) -> LogEvidence {
        LogEvidence.sum([one, other]) + half
    }
}
