import AirlockAnalysis
import Foundation
import Testing

/// SplitMix64: the same numbers on every machine.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// How many of `trials` succeed.
    mutating func successes(of trials: Int, chance: Double) -> Int64 {
        var count: Int64 = 0
        for _ in 0..<trials where Double(next() >> 11) * 0x1p-53 < chance { count += 1 }
        return count
    }
}

extension Tally {
    /// Counts that were told apart; two witnesses unless `witnesses` says otherwise.
    static func of(
        canary: (bad: Int64, requests: Int64), stable: (bad: Int64, requests: Int64),
        witnesses: [UInt64] = [1, 2]
    ) -> Tally {
        Tally(
            canary: Served(requests: canary.requests, bad: canary.bad),
            stable: Served(requests: stable.requests, bad: stable.bad),
            witnesses: Witnesses(canary.bad > 0 ? witnesses : []))
    }

    static let clean = Tally.of(canary: (0, 100), stable: (10, 900))
    static let harmful = Tally.of(canary: (20, 100), stable: (10, 900))
}

extension JudgePolicy {
    /// One metric `errors` with all of 1% unless said otherwise.
    static func of(
        _ metrics: [ComparedMetric]? = nil, limits: [HardLimit] = [], alpha: Chance = .onePercent
    ) throws -> JudgePolicy {
        let errors = ComparedMetric(name: try name("errors"))
        return try JudgePolicy(metrics: metrics ?? [errors], limits: limits, alpha: alpha)
    }
}

func name(_ text: String) throws -> SignalName { try #require(SignalName(text)) }

extension Look {
    /// A look at one metric and no limit in second `second`.
    static func of(_ tally: Tally, second: Int, step: Int = 0) -> Look {
        Look(at: second * 1000, step: step, metrics: [.events(tally, at: second * 1000)])
    }

    static func of(_ fault: DataFault, second: Int, step: Int = 0) -> Look {
        Look(at: second * 1000, step: step, metrics: [.fault(fault)])
    }
}

extension Judge {
    /// The bytes in which the state is kept.
    var bytes: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return try encoder.encode(self)
        }
    }
}
