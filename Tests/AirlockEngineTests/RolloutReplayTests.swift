import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a rollout is judged again from the audit log alone")
struct RolloutReplayTests {
    /// The stage of canaries, with the bounds of ``release(_:in:strategy:more:)``.
    private static func stage() -> Stage {
        let stage = Stage.canary()
        release(1, in: stage)
        return stage
    }

    private static func release(
        _ version: Int, in stage: Stage,
        strategy: String = "canary: {steps: [1%, 25%, 100%], hold: 2m}", more: String = ""
    ) {
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", version))
            replicas: 4
            strategy: {\(strategy)}
            rollback: {errorRate: {above: 50%, for: 10s}, latencyP99: {above: 400ms, for: 1m}}
            \(more)

            """
        stage.commit()
    }

    private static func replays(_ stage: Stage) -> [RolloutReplay] {
        let entries = stage.ledger.durableEntries
        return RolloutReplay.operations(in: entries).map { RolloutReplay(of: $0, in: entries) }
    }

    /// The seconds that the log says were judged, in their order.
    private static func seconds(_ stage: Stage) throws -> [Int] {
        var policy: JudgedPolicy?
        var seconds: [Int] = []
        for entry in stage.ledger.durableEntries {
            if let text = entry.draft.detail["policy"] { policy = JudgedPolicy(text) }
            guard entry.draft.kind == .evidence else { continue }
            let known = try #require(policy)
            for look in try EvidenceColumns.looks(in: entry.draft.detail, of: known).looks {
                if case .second = look.seen { seconds.append(look.at / 1000) }
            }
        }
        return seconds
    }

    @Test("a release that passes every step gives the same verdicts, numbers and sentences")
    func good() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(2, in: stage)
        try await stage.settle(engine, rounds: 3_000)
        let replay = try #require(Self.replays(stage).first)
        #expect(replay.firstDifference == nil, "\(replay)")
        #expect(replay.transitions.map(\.perMille) == [10, 250, 1000])
        #expect(replay.transitions.map(\.verdict) == [nil, "acceptable", "acceptable"])
        let seconds = try Self.seconds(stage)
        #expect(zip(seconds, seconds.dropFirst()).allSatisfy { $0 < $1 })
        #expect(replay.looks >= seconds.count && seconds.count > 230)
    }

    @Test("a bad release is found harmful again, also by a blue-green switch and after indecision")
    func bad() async throws {
        for (strategy, outcome, verdict) in [
            ("canary: {steps: [1%, 100%], hold: 1m}", "harmful", "harmful"),
            (
                "canary: {steps: [1%, 100%], hold: 1s, decideWithin: 2s, onUndecided: revert}",
                "back", "undecided"
            ),
            ("blueGreen: {keep: 10m}", "harmful", "harmful"),
        ] {
            let stage = Self.stage()
            if strategy.hasPrefix("blueGreen") {
                stage.extra["simulation.yaml"] = stage.extra["simulation.yaml"]?.replacing(
                    "5%}", with: "80%}")
            }
            let engine = try await stage.engine()
            try await stage.settle(engine)
            Self.release(verdict == "undecided" ? 2 : 3, in: stage, strategy: strategy)
            let summary = try await stage.settle(engine, rounds: 1_000)
            #expect(summary.rolledBack.count == 1, "\(strategy)")
            let replay = try #require(Self.replays(stage).first)
            #expect(replay.firstDifference == nil, "\(strategy): \(replay.firstDifference ?? "")")
            #expect(replay.transitions.last?.outcome == outcome)
            #expect(replay.transitions.last?.verdict == verdict)
        }
    }

    @Test("a switch that git takes back and lets happen again is judged again with all it saw")
    func switchedTwice() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        for more in ["", "rollout: {upTo: 50%}", ""] {
            Self.release(2, in: stage, strategy: "blueGreen: {keep: 2m}", more: more)
            for _ in 0..<20 {
                _ = try await engine.tick()
                stage.clock.advance(by: .seconds(1))
            }
        }
        try await stage.settle(engine, rounds: 200)
        let replay = try #require(Self.replays(stage).first)
        #expect(replay.transitions.map(\.outcome) == ["step", "step", "lowered", "step"])
        #expect(replay.firstDifference == nil, "\(replay.firstDifference ?? "")")
    }

    @Test("compared latencies and restarts of the new slot are judged again too")
    func everyKindOfEvidence() async throws {
        let stage = Self.stage()
        let old = "\(Build.artifact("api", 2).digest)\": {errorRate: 0.5%"
        stage.extra["simulation.yaml"] = stage.extra["simulation.yaml"]?.replacing(
            old, with: old + ", crash: {after: 100s}")
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let strategy =
            "canary: {steps: [25%, 100%], hold: 1m, compare: {errors: 2, latencyP99: 1}}"
        Self.release(2, in: stage, strategy: strategy)
        for _ in 0..<300 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        let canary = stage.ledger.durableState.operations.values.compactMap(\.rollout.canary).last
        #expect(canary?.starts?.values.contains { $0 > 1 } == true, "it restarts now and then")
        Self.release(2, in: stage, strategy: strategy, more: "rollout: abort")
        try await stage.settle(engine)
        let evidence = stage.ledger.durableEntries.filter { $0.draft.kind == .evidence }
        #expect(evidence.contains { $0.draft.detail["metric.1.target"]?.contains(";") == true })
        let replay = try #require(Self.replays(stage).first)
        #expect(replay.firstDifference == nil, "\(replay.firstDifference ?? "")")
        #expect(replay.transitions.last?.outcome == "back" && replay.looks > 200)
    }

    @Test("a log without its evidence, or without the turn that harm led to, is not the same")
    func cutOut() async throws {
        for version in [2, 3] {
            let stage = Self.stage()
            let engine = try await stage.engine()
            try await stage.settle(engine)
            Self.release(version, in: stage)
            try await stage.settle(engine, rounds: 3_000)
            let entries = stage.ledger.durableEntries
            let number = try #require(RolloutReplay.operations(in: entries).first)
            let bare = entries.filter { $0.draft.kind != .evidence }.map { entry in
                var draft = entry.draft
                draft.detail["looks"] = nil
                return AuditEntry(sequence: entry.sequence, draft: draft)
            }
            #expect(RolloutReplay(of: number, in: bare).firstDifference != nil)
            let unturned = entries.filter {
                $0.draft.outcome != "harmful" && $0.draft.outcome != "rolledBack"
                    && $0.draft.kind != .quarantined
            }
            let isHarmful = version == 3
            #expect(
                (RolloutReplay(of: number, in: unturned).firstDifference != nil) == isHarmful)
        }
    }

    @Test("looks that a kill lost are judged once: none twice, and none is missing")
    func kills() async throws {
        for killsEvery in [1, 7, 61, 1_000] {
            let stage = Self.stage()
            var engine = try await stage.engine()
            try await stage.settle(engine)
            Self.release(2, in: stage)
            for second in 1...400 {
                _ = try await engine.tick()
                stage.clock.advance(by: .seconds(1))
                if second % killsEvery == 0 { engine = try await stage.restart() }
            }
            let replay = try #require(Self.replays(stage).first)
            #expect(replay.firstDifference == nil, "\(replay.firstDifference ?? "")")
            let seconds = try Self.seconds(stage)
            let steps = zip(seconds, seconds.dropFirst()).map { $1 - $0 }
            // The second in which the shares changed belongs to no step.
            let gaps = steps.filter { $0 != 1 }
            #expect(gaps.count < replay.transitions.count && gaps.allSatisfy { $0 == 2 }, "\(gaps)")
            #expect(seconds.count >= 180, "\(seconds.count) with a kill every \(killsEvery) s")
        }
    }

    @Test("a kill within any write of a canary loses neither a look nor the verdict")
    func killsInWrites() async throws {
        for point in MemoryLedger.Crash.Point.allCases {
            for commit in 1...14 {
                let stage = Self.stage()
                var engine = try await stage.engine()
                try await stage.settle(engine)
                Self.release(3, in: stage)
                let next = stage.ledger.commits + commit
                stage.ledger.inject(MemoryLedger.Crash(commit: next, point: point))
                for _ in 0..<120 {
                    do throws(EngineHalt) { _ = try await engine.tick() } catch {
                        engine = try await stage.restart()
                    }
                    stage.clock.advance(by: .seconds(1))
                }
                let replay = try #require(Self.replays(stage).first)
                #expect(
                    replay.firstDifference == nil && replay.transitions.last?.verdict == "harmful",
                    "\(point) of \(commit): \(replay.firstDifference ?? "")")
                let seconds = try Self.seconds(stage)
                #expect(Set(seconds).count == seconds.count)
            }
        }
    }

    @Test("what is seen while a canary is frozen is in the log, however long that is")
    func frozen() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(2, in: stage)
        for _ in 0..<10 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        let scope = Freeze.Scope.lane(Build.lane("production/api"))
        _ = await stage.ask(engine, .freeze(scope, reason: "x", lasting: nil))
        for _ in 0..<1_000 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(5))
        }
        #expect(try Self.seconds(stage).count > 4_800)
        _ = await stage.ask(engine, .thaw(scope))
        try await stage.settle(engine, rounds: 3_000)
        let replay = try #require(Self.replays(stage).first)
        #expect(replay.firstDifference == nil, "\(replay.firstDifference ?? "")")
        #expect(replay.transitions.map(\.perMille) == [10, 250, 1000])
    }

    @Test("one count, word or number that is not what was judged is found")
    func forged() async throws {
        let stage = Self.stage()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Self.release(3, in: stage)
        try await stage.settle(engine, rounds: 600)
        let entries = stage.ledger.durableEntries
        let number = try #require(RolloutReplay.operations(in: entries).first)
        #expect(RolloutReplay(of: number, in: entries).firstDifference == nil)
        var forgeries = 0
        for (place, entry) in entries.enumerated() where entry.draft.operation == number {
            for (key, value) in entry.draft.detail where Self.isJudged(key, entry.draft) {
                var forged = entries
                var draft = entry.draft
                draft.detail[key] = Self.otherwise(value)
                forged[place] = AuditEntry(sequence: entry.sequence, draft: draft)
                let difference = RolloutReplay(of: number, in: forged).firstDifference
                #expect(difference != nil, "\(key) of entry \(place)")
                forgeries += 1
            }
            guard entry.draft.kind == .evidence else { continue }
            var shortened = entries
            shortened.remove(at: place)
            #expect(RolloutReplay(of: number, in: shortened).firstDifference != nil)
        }
        #expect(forgeries > 15)
    }

    /// What of an entry is held to the replay.
    private static func isJudged(_ key: String, _ draft: AuditDraft) -> Bool {
        switch draft.kind {
        case .evidence:
            !key.hasPrefix("limit.") && !key.hasSuffix(".witnesses") && key != "at"
        case .quarantined: key == "reason"
        case .decision:
            draft.detail["step"] != nil ? key != "policy" && key != "held" : key == "reason"
        case _: false
        }
    }

    /// The same text with another last digit, or another last letter.
    private static func otherwise(_ text: String) -> String {
        guard let last = text.lastIndex(where: \.isNumber) else { return text + "s" }
        let digit = text[last] == "7" ? "8" : "7"
        return text[..<last] + digit + text[text.index(after: last)...]
    }
}
