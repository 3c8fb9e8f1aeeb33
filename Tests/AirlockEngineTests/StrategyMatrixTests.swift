import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockRollout
import AirlockSimulator
import AirlockTestSupport
import Testing

/// Each strategy in each situation that a rollout can come into, through the engine.
@Suite("every strategy in every situation")
struct StrategyMatrixTests {
    enum Strategy: String, CaseIterable, Sendable {
        case allAtOnce = "allAtOnce: {deadline: 1m}"
        case canary = "canary: {steps: [10%, 50%, 100%], hold: 20s, deadline: 1m}"
        case blueGreen = "blueGreen: {keep: 40s, deadline: 1m}"
    }

    enum Situation: CaseIterable, Sendable {
        case healthy
        /// It answers two of three requests with an error; all at once judges nothing, so that there
        /// it does not get healthy.
        case harmful
        /// A request now and then: too few to say anything.
        case undecided
        /// The same, where a canary says to go back when the time of a step is over.
        case undecidedInTime
        /// The same, where it says to go on.
        case undecidedAndPromoted
        /// Whoever measures does not answer.
        case noData
        /// Another release comes while it is on its way.
        case superseded
        /// Git goes back to the release before while it is on its way.
        case reverted
        /// Git says `rollout: abort` before it has any traffic.
        case abortedFromGit
        /// Git says so when it has traffic; all at once is over by then.
        case abortedUnderTraffic
        /// The process is killed again and again while it is on its way.
        case killedMidStep
        /// The process is killed within a write to its journal, each of the first dozen in turn.
        case killedInWrites
        /// The provider refuses, loses orders and answers, and does half of what it is told.
        case providerFaults
        /// The provider carries nothing out.
        case providerRefuses
    }

    /// How it has to end.
    enum Ending: Equatable {
        case settled(version: Int)
        /// Back at version 1, with version 2 or 3 quarantined.
        case rolledBack
        /// Still at the first step, with both slots there.
        case waits
    }

    private static func ending(of strategy: Strategy, in situation: Situation) -> Ending {
        switch (situation, strategy) {
        case (.healthy, _), (.killedMidStep, _), (.killedInWrites, _), (.providerFaults, _):
            .settled(version: 2)
        case (.harmful, _), (.providerRefuses, _), (.abortedFromGit, _): .rolledBack
        // What is not known is no reason to go on where a step has to be shown to be safe; a switch
        // that is done and broke no bound stays.
        case (.undecided, .canary), (.noData, .canary): .waits
        case (.undecidedInTime, .canary): .rolledBack
        case (.undecidedAndPromoted, .canary): .settled(version: 2)
        case (.abortedUnderTraffic, .allAtOnce): .settled(version: 2)
        case (.abortedUnderTraffic, _): .rolledBack
        case (.undecided, _), (.noData, _), (.undecidedInTime, _), (.undecidedAndPromoted, _):
            .settled(version: 2)
        case (.superseded, _): .settled(version: 4)
        case (.reverted, _): .settled(version: 1)
        }
    }

    private static let lane = Build.lane("production/api")

    private static func stage(_ strategy: Strategy, _ situation: Situation) -> Stage {
        let stage = Stage()
        let harm = strategy == .allAtOnce ? "startup: never" : "errorRate: 66%"
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 2).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 3).digest)": {\(harm)}
              "sha256:\(Build.artifact("api", 4).digest)": {errorRate: 0.5%}
            traffic: {api: \(situation.isQuiet ? "1/s" : "2000/s")}
            secrets: {shop-key: "1"}

            """
        if situation == .noData { stage.signals = SilentSource() }
        release(1, strategy, in: stage)
        return stage
    }

    private static func release(
        _ version: Int, _ strategy: Strategy, in stage: Stage, wish: String = "proceed",
        when situation: Situation = .healthy
    ) {
        let undecided =
            situation.onUndecided.map { "decideWithin: 40s, onUndecided: \($0), " } ?? ""
        let text = strategy.rawValue.replacing("canary: {", with: "canary: {\(undecided)")
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", version))
            replicas: 4
            strategy: {\(text)}
            rollout: \(wish)
            \(strategy == .allAtOnce ? "" : "rollback: {errorRate: {above: 50%, for: 5s}}")

            """
        stage.commit()
    }

    @Test(arguments: Strategy.allCases, Situation.allCases)
    func ends(_ strategy: Strategy, _ situation: Situation) async throws {
        let wanted = Self.ending(of: strategy, in: situation)
        guard situation == .killedInWrites else {
            return try await play(strategy, situation, crash: nil, wanted)
        }
        for commit in 1...12 {
            let points = MemoryLedger.Crash.Point.allCases
            let crash = MemoryLedger.Crash(commit: commit, point: points[commit % points.count])
            try await play(strategy, situation, crash: crash, wanted)
        }
    }

    private func play(
        _ strategy: Strategy, _ situation: Situation, crash: MemoryLedger.Crash?, _ wanted: Ending
    ) async throws {
        let stage = Self.stage(strategy, situation)
        var engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(situation == .harmful ? 3 : 2, strategy, in: stage, when: situation)
        if let crash {
            stage.ledger.inject(
                MemoryLedger.Crash(commit: stage.ledger.commits + crash.commit, point: crash.point))
        }
        try await fail(stage, situation)
        for look in 1...300 {
            var isOver = false
            do throws(EngineHalt) {
                let summary = try await engine.tick()
                isOver = summary.underWay.isEmpty && look > 20
            } catch {
                #expect(crash != nil, "\(error)")
                engine = try await stage.restart()
            }
            if isOver { break }
            stage.clock.advance(by: .seconds(1))
            if situation == .killedMidStep, look < 30, look % 4 == 0 {
                engine = try await stage.restart()
            }
            if look == 4, situation == .superseded { Self.release(4, strategy, in: stage) }
            let abort: Situation? =
                look == 1 ? .abortedFromGit : look == 12 ? .abortedUnderTraffic : nil
            if situation == abort {
                if look == 12 { try await checkTraffic(stage, strategy) }
                Self.release(2, strategy, in: stage, wish: "abort")
            }
            if look == 4, situation == .reverted { Self.release(1, strategy, in: stage) }
        }
        try await check(stage, wanted, "\(strategy), \(situation), \(String(describing: crash))")
    }

    /// Makes the provider do what the situation says.
    private func fail(_ stage: Stage, _ situation: Situation) async throws {
        let scope = Freeze.Scope.lane(Self.lane)
        switch situation {
        case .providerFaults:
            for kind in [
                SimulatedFault.Kind.refuse, .loseOrder, .half, .loseAnswer, .deliverTwice,
                .late(.seconds(3)),
            ] {
                try await stage.world.inject(SimulatedFault(kind: kind, scope: scope, times: 1))
            }
        case .providerRefuses:
            try await stage.world.inject(
                SimulatedFault(kind: .refuse, scope: scope, lasting: .seconds(150)))
        case .healthy, .harmful, .undecided, .undecidedInTime, .undecidedAndPromoted, .noData,
            .superseded, .reverted, .abortedFromGit, .abortedUnderTraffic, .killedMidStep,
            .killedInWrites:
            return
        }
    }

    /// The new slot has traffic, so that an abort has something to take back.
    private func checkTraffic(_ stage: Stage, _ strategy: Strategy) async throws {
        let share = try await stage.share(of: Build.artifact("api", 2), in: "production/api")
        #expect(share == (strategy == .canary ? 100 : 1000), "\(strategy)")
    }

    private func check(_ stage: Stage, _ wanted: Ending, _ what: String) async throws {
        let serving = try await stage.serving("production/api")
        let state = stage.ledger.durableState
        let quarantined = state.quarantines[Self.lane] ?? []
        switch wanted {
        case .settled(let version):
            #expect(serving == [Build.artifact("api", version)], "\(what)")
            #expect(state.lanes[Self.lane]?.settled?.slot.artifact == serving.first, "\(what)")
            #expect(state.operation(of: Self.lane) == nil && quarantined.isEmpty, "\(what)")
        case .rolledBack:
            #expect(serving == [Build.artifact("api", 1)], "\(what)")
            #expect(state.operation(of: Self.lane) == nil && quarantined.count == 1, "\(what)")
        case .waits:
            #expect(serving.count == 2 && quarantined.isEmpty, "\(what)")
            #expect(state.operation(of: Self.lane)?.rollout.canary?.step == 0, "\(what)")
        }
        // Whatever happened, the log says the same again.
        let entries = stage.ledger.durableEntries
        for operation in RolloutReplay.operations(in: entries) {
            let replay = RolloutReplay(of: operation, in: entries)
            #expect(replay.firstDifference == nil, "\(what): \(replay.firstDifference ?? "")")
        }
    }
}

extension StrategyMatrixTests.Situation {
    /// Whether there is too little traffic to say anything.
    fileprivate var isQuiet: Bool {
        self == .undecided || onUndecided != nil
    }

    /// What a canary says is to be done with a step that stays undecided; nil for nothing.
    fileprivate var onUndecided: String? {
        switch self {
        case .undecidedInTime: "revert"
        case .undecidedAndPromoted: "promote"
        default: nil
        }
    }
}

/// A source of signals that never answers.
private struct SilentSource: SignalSource {
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        throw .noAnswer("it is silent")
    }
}
