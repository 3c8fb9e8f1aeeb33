/// What became of whole rollouts of a release.
package struct RolloutOutcome: Sendable {
    package let runs: Int
    /// Runs that were rolled back.
    package internal(set) var rolledBack = 0
    /// Runs that went through every step on an acceptable verdict, without a person.
    package internal(set) var finishedAlone = 0
    /// How long those took, in seconds, ascending.
    package internal(set) var seconds: [Int] = []

    init(runs: Int) { self.runs = runs }

    /// `count` of the runs.
    package func share(_ count: Int) -> Chance {
        Chance(billionths: Int64(count) * 1_000_000_000 / Int64(max(runs, 1)))
    }

    /// The median time of the runs that finished alone, in seconds.
    package var median: Int? { seconds.isEmpty ? nil : seconds[(seconds.count - 1) / 2] }
}

extension JudgementTrial {
    /// Weights of the steps in hundredths of a percent.
    package static let weights = [100, 500, 2500, 10000]
    /// Shortest time of a step: 10 min.
    package static let hold = 600
    /// After this a person is asked: 30 min in one step.
    package static let deadline = 1800

    /// What becomes of `runs` rollouts through ``weights``.
    ///
    /// A step lasts at least ``hold`` and ends with the first acceptable verdict, asked for every
    /// 10 s; the last one, where stable has no traffic left to compare with, ends with its hold. A
    /// run that is undecided at ``deadline`` needs a person; the person of the trial lets it go on,
    /// so that the false alarms of the whole rollout are seen.
    package func rollOut(runs: Int, seed: UInt64 = 1) -> RolloutOutcome {
        var outcome = RolloutOutcome(runs: runs)
        for run in 0..<runs {
            var traffic = traffic(seed &+ 77, run)
            var judge = judge
            var second = 0
            var isAlone = true
            for step in Self.weights.indices where judge.reasons.isEmpty {
                let pass = advance(&judge, &traffic, step: step, from: &second)
                isAlone = isAlone && pass
            }
            if !judge.reasons.isEmpty {
                outcome.rolledBack += 1
            } else if isAlone {
                outcome.finishedAlone += 1
                outcome.seconds.append(second)
            }
        }
        outcome.seconds.sort()
        return outcome
    }

    /// Runs one step; false when it needed a person or was given up.
    private func advance(
        _ judge: inout Judge, _ traffic: inout JudgementTraffic, step: Int, from second: inout Int
    ) -> Bool {
        let weight = Double(Self.weights[step]) / 10000
        let all = canaryRate * 100
        for elapsed in 1...Self.deadline {
            second += 1
            traffic.advance(canaryRate: all * weight, stableRate: all * (1 - weight))
            judge.add(look(traffic, second: second, step: step))
            if !judge.reasons.isEmpty { return false }
            guard elapsed >= Self.hold, elapsed % 10 == 0 else { continue }
            if Self.weights[step] == 10000 { return true }
            if case .acceptable = judge.verdict { return true }
        }
        return false
    }
}
