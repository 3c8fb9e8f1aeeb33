/// One quantile of latency: ``FractionTest`` on requests slower than stable's earlier ones.
package struct LatencyTest: Hashable, Sendable, Codable {
    /// What slow means.
    package private(set) var reference: LatencyReference
    /// The evidence.
    package private(set) var test: FractionTest
    /// Who had slow requests on the canary.
    package private(set) var witnesses = Witnesses.none
    /// Requests that were weighed, and how many of them were slow by what slow meant then; nil before the first,
    /// and in records from before this was counted.
    package private(set) var seen: Tally?

    package init(quantile: Quantile, tolerated: HarmRatio, chance: Chance, falsePass: Chance) {
        reference = LatencyReference(quantile: quantile)
        test = FractionTest(tolerated: tolerated, chance: chance, falsePass: falsePass)
    }

    /// Weighs one look against earlier looks and then learns from its stable half.
    /// - Precondition: `tally` is sound.
    package mutating func add(_ tally: LatencyTally) {
        precondition(tally.isSound, "counts of latency that nobody checked")
        if let edge = reference.edge, edge + 1 < tally.canary.count {
            let canary = Self.part(tally.canary, above: edge)
            if canary.bad > 0 { witnesses = witnesses + tally.witnesses }
            let stable = Self.part(tally.stable, above: edge)
            seen =
                (seen ?? .nothing)
                + Tally(
                    canary: canary.served, stable: stable.served, witnesses: .none)
            test.add(
                canary: canary, stable: stable,
                expected: reference.quantile.slow, mayAccuse: witnesses.agree)
        }
        reference.learn(tally.stable)
    }

    /// Begins a step: its safety has to be shown anew, evidence of harm stays.
    package mutating func beginStep() { test.beginStep() }

    private static func part(_ counts: [Int64], above edge: Int) -> FractionTest.Part {
        FractionTest.Part(
            bad: counts[(edge + 1)...].reduce(0, +), requests: counts.reduce(0, +))
    }
}

extension FractionTest.Part {
    fileprivate var served: Served { Served(requests: requests, bad: bad) }
}
