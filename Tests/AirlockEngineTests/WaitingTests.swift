import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

@Suite("what a rollout waits for is told")
struct WaitingTests {
    private static let lane = Build.lane("production/api")

    @Test("what goes on after a hold or a freeze is told as held no more")
    func heldNoMore() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 10)
        let scope = Freeze.Scope.lane(Self.lane)
        let words: [(ControlRequest.Call, ControlRequest.Call)] = [
            (.steer(Self.lane, .hold, reason: "x"), .steer(Self.lane, .resume, reason: "x")),
            (.freeze(scope, reason: "x", lasting: nil), .thaw(scope)),
        ]
        for (hold, goOn) in words {
            _ = await stage.ask(engine, hold)
            try await stage.look(engine, seconds: 3)
            #expect(try await stage.ledger.state().lanes[Self.lane]?.holdReason != nil)
            _ = await stage.ask(engine, goOn)
            try await stage.look(engine, seconds: 3)
            let record = try await stage.ledger.state().lanes[Self.lane]
            #expect(record?.operation != nil && record?.holdReason == nil)
        }
    }

    @Test("a step that waits for a person is held in the summary, and an alert since it waits")
    func waits() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(
            2, in: stage,
            steps: "[{weight: 1%, requires: approval, analysis: off, hold: 8s}, 25%, 100%], "
                + "decideWithin: 10s, onUndecided: promote")
        try await stage.look(engine, seconds: 5)
        #expect(try await engine.tick().underWay == [Self.lane], "its hold is not over")
        try await stage.look(engine, seconds: 30)
        let summary = try await engine.tick()
        #expect(summary.underWay.isEmpty && summary.heldForward == [Self.lane])
        #expect(
            summary.held[Self.lane]
                == "step 1 waits for a person's approval: run `airlock rollout resume "
                + "production/api` or `airlock rollout abort production/api`")
        let canary = try await stage.ledger.state().operation(of: Self.lane)?.rollout.canary
        let since = try #require(canary?.waitsSince, "it is in the journal")
        let alerts = try #require(await engine.standing()).alerts
        let alert = try #require(alerts.first { $0.kind == .rolloutUndecided })
        #expect(alert.since == since && since != canary?.sharedSince)
        _ = await stage.ask(engine, .steer(Self.lane, .resume, reason: "x"))
        try await stage.look(engine, seconds: 2)
        #expect(try await engine.tick().underWay == [Self.lane])
    }

    @Test("missing signals hide no wait for a person, and no word stands in for them")
    func silent() async throws {
        for isJudged in [false, true] {
            let stage = Stage.canary()
            stage.signals = Unmeasured()
            let engine = try await stage.engine()
            try await stage.settle(engine)
            let analysis = isJudged ? "" : "analysis: off, "
            Stage.release(
                2, in: stage,
                steps: "[{weight: 1%, \(analysis)requires: approval, hold: 8s}, 25%, 100%], "
                    + "decideWithin: 10s")
            try await stage.look(engine, seconds: 200)
            let alerts = try #require(await engine.standing()).alerts
            let kinds = Set(alerts.map(\.kind))
            let answer = await stage.ask(engine, .steer(Self.lane, .resume, reason: "x"))
            if isJudged {
                #expect(kinds == [.signalsDown])
                guard case .failed(let message, let advice) = answer else {
                    Issue.record("\(answer)")
                    continue
                }
                #expect(
                    message.hasPrefix(
                        "no word of a person decides the step of production/api: "), "\(message)")
                #expect(advice.contains("airlock rollout abort production/api"))
                let state = try await stage.ledger.state()
                let open = try #require(state.operation(of: Self.lane)?.number)
                #expect(state.steerings[open]?.passed.isEmpty != false)
            } else {
                #expect(kinds == [.signalsDown, .rolloutUndecided])
                #expect(answer == .done(message: "production/api goes on from step 1"))
            }
        }
    }

    @Test("a word that ends nothing says so")
    func empty() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let scope = Freeze.Scope.lane(Self.lane)
        _ = await stage.ask(engine, .freeze(scope, reason: "x", lasting: .seconds(5)))
        stage.clock.advance(by: .seconds(6))
        guard case .failed(let thaw, _) = await stage.ask(engine, .thaw(scope)) else {
            Issue.record("a freeze that has ended was thawed")
            return
        }
        #expect(thaw.hasPrefix("production/api is not frozen, its freeze ended at "), "\(thaw)")
        Stage.release(3, in: stage)
        try await stage.settle(engine, rounds: 600)
        Stage.release(1, in: stage)
        try await stage.settle(engine)
        guard case .done(let retry) = await stage.ask(engine, .retry(Self.lane)) else {
            Issue.record("its slot was in quarantine")
            return
        }
        #expect(retry.hasSuffix("is tried again as soon as git asks for it"), "\(retry)")
    }

    @Test("a retry frees the slot that git asks for, and no other that was rolled back")
    func retryOfOne() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(3, in: stage)
        try await stage.settle(engine, rounds: 600)
        Stage.release(3, in: stage, more: "config: {LEVEL: info}")
        try await stage.settle(engine, rounds: 600)
        let before = try await stage.ledger.state().quarantines[Self.lane] ?? []
        #expect(before.count == 2)
        #expect(
            await stage.ask(engine, .retry(Self.lane))
                == .done(
                    message: "production/api is tried again; 1 other slot stays in quarantine"))
        let after = try await stage.ledger.state().quarantines[Self.lane] ?? []
        #expect(after.map(\.slot) == before.prefix(1).map(\.slot))
        // Said again, because its answer was lost, it frees nothing else.
        _ = await stage.ask(engine, .retry(Self.lane))
        #expect(try await stage.ledger.state().quarantines[Self.lane]?.count == 1)
    }

    @Test("a retry says so where git still asks for the way back")
    func retryUnderAbort() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(3, in: stage)
        try await stage.settle(engine, rounds: 600)
        Stage.release(3, in: stage, more: "rollout: abort")
        try await stage.settle(engine)
        guard case .done(let retry) = await stage.ask(engine, .retry(Self.lane)) else {
            Issue.record("its slot was in quarantine")
            return
        }
        #expect(
            retry.contains("git still asks for rollout: abort")
                && retry.contains("services/api/production.yaml"), "\(retry)")
        #expect(try await engine.tick().underWay.isEmpty)
    }
}

/// A source of signals that never answers.
private struct Unmeasured: SignalSource {
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] { throw .noAnswer("nobody measures") }
}
