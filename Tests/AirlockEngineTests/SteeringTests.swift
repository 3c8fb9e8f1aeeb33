import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockRollout
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite("steering a rollout")
struct SteeringTests {
    private static let lane = Build.lane("production/api")

    private func steer(
        _ stage: Stage, _ engine: Engine, _ steer: Steer, reason: String = "because"
    ) async -> ControlAnswer.Result {
        await stage.ask(engine, .steer(Self.lane, steer, reason: reason))
    }

    /// A stage in which a change of production/api has been under way for so long.
    private func begun(
        _ version: Int = 2, in stage: Stage = Stage.canary(), steps: String = "[1%, 25%, 100%]",
        more: String = "", seconds: Int = 10
    ) async throws -> (stage: Stage, engine: Engine) {
        let engine = try await stage.engine()
        try await stage.settle(engine)
        Stage.release(version, in: stage, steps: steps, more: more)
        try await stage.look(engine, seconds: seconds)
        return (stage, engine)
    }

    @Test("a person's hold keeps the step, over a restart, and resume ends it; both are in the log")
    func hold() async throws {
        let (stage, killed) = try await begun()
        #expect(
            await steer(stage, killed, .hold)
                == .done(
                    message: "production/api stays where it is until "
                        + "`airlock rollout resume production/api`"))
        let engine = try await stage.restart()
        try await stage.look(engine, seconds: 300)
        #expect(try await stage.share(of: 2) == 10)
        #expect(
            await steer(stage, engine, .resume) == .done(message: "production/api goes on"))
        try await stage.settle(engine, rounds: 3_000)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        let said = try await stage.entries(.decision, of: "production/api")
            .compactMap(\.outcome).filter { $0.hasPrefix("rollout") }
        #expect(said == ["rollout hold", "rollout resume"])
    }

    @Test("what is held is judged on, and its harm is taken back")
    func heldAndHarmful() async throws {
        let (stage, engine) = try await begun(3, seconds: 3)
        #expect(try await stage.share(of: 3) == 10)
        _ = await steer(stage, engine, .hold)
        try await stage.look(engine, seconds: 60)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
    }

    @Test(
        "an abort goes back whatever holds the change, also when a kill comes right after its answer"
    )
    func abort() async throws {
        let freezes: [ControlRequest.Call?] = [
            nil, .freeze(.lane(Self.lane), reason: "x", lasting: nil),
            .freezeAll(reason: "x", lasting: nil),
        ]
        for freeze in freezes {
            let (stage, killed) = try await begun()
            if let freeze { _ = await stage.ask(killed, freeze) }
            guard
                case .done(let answer) = await steer(stage, killed, .abort, reason: "looks odd")
            else {
                Issue.record("it does not go back")
                continue
            }
            #expect(answer.hasPrefix("production/api goes back"))
            let engine = try await stage.restart()
            let summary = try await stage.settle(engine)
            #expect(summary.rolledBack == [Self.lane])
            #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
            let quarantined = try await stage.entries(.quarantined, of: "production/api")
            #expect(quarantined.first?.detail["reason"]?.hasSuffix(": looks odd") == true)
            // Nothing is under way any more, and what was said ended with its operation.
            guard case .failed(let message, _) = await steer(stage, engine, .abort) else {
                Issue.record("a second abort found something")
                continue
            }
            #expect(message == "no change is under way in production/api")
        }
    }

    @Test("what goes back by itself stays under a stop of everything until a person orders it back")
    func stopped() async throws {
        let (stage, engine) = try await begun(3, seconds: 3)
        #expect(try await stage.share(of: 3) == 10)
        _ = await stage.ask(engine, .freezeAll(reason: "x", lasting: nil))
        try await stage.look(engine, seconds: 60)
        #expect(try await stage.share(of: 3) == 10, "no rollback by itself")
        #expect(
            await steer(stage, engine, .abort)
                == .done(message: "production/api goes back, and nothing else moves"))
        try await stage.look(engine, seconds: 10)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        // What it served under the stop is the evidence of its way back.
        let back = try #require(
            try await stage.entries(.decision, of: "production/api").last {
                $0.detail["looks"] != nil
            })
        #expect(back.outcome == "harmful", "\(back.detail)")
        #expect(back.detail["reason"]?.contains("evidence of harm") == true, "\(back.detail)")
        let entries = stage.ledger.durableEntries
        let operation = try #require(back.operation)
        #expect(RolloutReplay(of: operation, in: entries).firstDifference == nil)
    }

    @Test("a step that requires approval is left when a person says so, and not before")
    func approval() async throws {
        let (stage, engine) = try await begun(
            steps: "[{weight: 1%, requires: approval, hold: 30s}, 25%, 100%]")
        try await stage.look(engine, seconds: 600)
        #expect(try await stage.share(of: 2) == 10)
        #expect(
            await steer(stage, engine, .resume)
                == .done(message: "production/api goes on from step 1"))
        try await stage.look(engine, seconds: 20)
        #expect(try await stage.share(of: 2) == 250)
        guard case .failed = await steer(stage, engine, .resume) else {
            Issue.record("the second step waits for nobody")
            return
        }
        try await stage.settle(engine, rounds: 3_000)
        let steps = try await stage.entries(.decision, of: "production/api")
            .compactMap { $0.detail["evidence"] }
        #expect(steps.contains { $0.contains("let on by uid:") })
    }

    @Test("git aborts a rollout that is frozen, before its new slot has any traffic too")
    func abortFrozen() async throws {
        let (stage, engine) = try await begun(seconds: 0)
        _ = try await engine.tick()
        #expect(try await stage.share(of: 2) == 0)
        _ = await stage.ask(engine, .freeze(.lane(Self.lane), reason: "x", lasting: nil))
        Stage.release(2, in: stage, more: "rollout: abort")
        let summary = try await stage.settle(engine)
        #expect(summary.rolledBack == [Self.lane])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
    }

    @Test("git aborts a rollout by the same commit that edits its steps")
    func abortEdited() async throws {
        let (stage, engine) = try await begun()
        Stage.release(2, in: stage, steps: "[1%, 50%, 100%]", more: "rollout: abort")
        let summary = try await stage.settle(engine)
        #expect(summary.rolledBack == [Self.lane])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
    }

    @Test("a commit that leaves the lane out lifts no bound of a rollout that is lined up")
    func leftOut() async throws {
        let stage = Stage.canary()
        stage.versions["production/web"] = 1
        stage.commit()
        let ledger = CrossingLedger(stage.ledger)
        let engine = try await stage.engine(on: ledger)
        try await stage.settle(engine)
        Stage.release(2, in: stage, more: "rollout: {upTo: 1%}")
        try await stage.look(engine, seconds: 900)
        #expect(try await stage.share(of: 2) == 10)
        // A pass that writes something down before it hands out its lanes.
        let web = Build.lane("production/web")
        _ = await stage.ask(engine, .freeze(.lane(web), reason: "x", lasting: nil))
        stage.versions["production/web"] = 2
        stage.commit()
        var files = stage.files
        files["services/api/production.yaml"] = nil
        let (repository, without) = (stage.repository, files)
        ledger.cross(
            { write in
                guard case .lane(let record) = write else { return false }
                return record.lane == web && record.held != nil
            }, isWaitedFor: true,
            with: {
                repository.merge(without)
                do { try await engine.look() } catch {
                    return .failed(message: "\(error)", advice: "")
                }
                return .done(message: "it is in force")
            })
        stage.clock.advance(by: .seconds(30))
        try await stage.look(engine, seconds: 5)
        #expect(await ledger.answer() == .done(message: "it is in force"))
        let shared = try await stage.world.deliveries().filter { delivery in
            guard case .route(let weights) = delivery.order.action else { return false }
            return delivery.order.lane == Self.lane && weights.count == 2
        }
        #expect(shared.count == 1, "the first step, and no other")
    }

    @Test("what is held is watched for longer than the hour of one question")
    func heldForHours() async throws {
        let stage = Stage.canary()
        stage.extra["simulation.yaml"] = """
            artifacts:
              "sha256:\(Build.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Build.artifact("api", 2).digest)": {poison: {after: 65m, errorRate: 60%}}
            traffic: {api: 2000/s}
            secrets: {shop-key: "1"}

            """
        stage.commit()
        let engine = try await begun(in: stage).engine
        _ = await steer(stage, engine, .hold)
        try await stage.look(engine, seconds: 4_200)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.entries(.quarantined, of: "production/api").count == 1)
    }

    @Test("git holds, bounds, lets go on and aborts the same rollout")
    func fromGit() async throws {
        let (stage, engine) = try await begun(more: "rollout: {upTo: 1%}", seconds: 600)
        #expect(try await stage.share(of: 2) == 10)
        Stage.release(2, in: stage, more: "rollout: {upTo: 30%}")
        try await stage.look(engine, seconds: 600)
        #expect(try await stage.share(of: 2) == 250)
        // Less than the step in force: it goes down again.
        Stage.release(2, in: stage, more: "rollout: {upTo: 5%}")
        try await stage.look(engine, seconds: 20)
        #expect(try await stage.share(of: 2) == 10)
        Stage.release(2, in: stage, more: "rollout: hold")
        try await stage.look(engine, seconds: 20)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 100)
        #expect(try await stage.share(of: 2) == 250)
        Stage.release(2, in: stage, more: "rollout: abort")
        let summary = try await stage.settle(engine)
        #expect(summary.rolledBack == [Self.lane])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        let opened = try await stage.entries(.decision, of: "production/api")
            .filter { $0.outcome == "change" }
        #expect(opened.count == 2, "the first deployment, and one rollout for all of that")
    }

    @Test(
        "a file that cannot be read lifts neither a hold nor a bound of git, also over a kill",
        arguments: ["hold", "{upTo: 5%}"])
    func unreadable(_ wish: String) async throws {
        let (stage, killed) = try await begun()
        Stage.release(2, in: stage, more: "rollout: \(wish)")
        try await stage.look(killed, seconds: 3)
        Stage.release(2, in: stage, more: "rollout: [")
        try await stage.look(killed, seconds: 100)
        let engine = try await stage.restart()
        try await stage.look(engine, seconds: 500)
        #expect(try await stage.share(of: 2) == 10)
        let state = try await stage.ledger.state()
        let open = try #require(state.operation(of: Self.lane)?.number)
        #expect(state.steerings[open]?.isUnread == true)
        if wish == "hold" {
            let held = state.lanes[Self.lane]?.holdReason
            #expect(
                held?.hasPrefix(
                    "rollout: git asked for rollout: hold, and its files cannot be read any more: "
                        + "services/api/production.yaml") == true, "\(held ?? "it is not held")")
        }
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 100)
        #expect(try await stage.share(of: 2) >= 250)
        #expect(try await stage.ledger.state().steerings[open]?.isUnread == nil)
    }

    @Test("a rollout that git did not hold goes on while its file cannot be read")
    func unreadableAndFree() async throws {
        let (stage, engine) = try await begun(more: "rollout: hold", seconds: 3)
        Stage.release(2, in: stage)
        try await stage.look(engine, seconds: 10)
        Stage.release(2, in: stage, more: "rollout: [")
        try await stage.look(engine, seconds: 600)
        #expect(try await stage.share(of: 2) > 10)
    }

    @Test(
        "what is held and loses every instance gives its traffic back at once, and is given up in time"
    )
    func heldAndDead() async throws {
        let stage = Stage.canary()
        stage.signals = NoSource()
        let engine = try await begun(in: stage, steps: "[60%, 100%], deadline: 2m").engine
        #expect(try await stage.share(of: 2) == 600)
        _ = await steer(stage, engine, .hold)
        // Of the slot with the most traffic.
        try await stage.world.inject(
            SimulatedFault(kind: .killInstances(3), scope: .lane(Self.lane)))
        try await stage.look(engine, seconds: 5)
        #expect(try await stage.share(of: 2) == 0)
        #expect(try await stage.entries(.quarantined, of: "production/api").isEmpty)
        try await stage.look(engine, seconds: 150)
        let quarantined = try await stage.entries(.quarantined, of: "production/api")
        #expect(
            quarantined.compactMap { $0.detail["reason"] }
                == ["no progress for 120 s: no instance of the new slot is healthy"])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(try await stage.ledger.state().operation(of: Self.lane) == nil)
    }

    @Test("an abort that is said while an order is written down comes before the order")
    func overtaken() async throws {
        let stage = Stage.canary()
        let ledger = CrossingLedger(stage.ledger)
        let engine = try await stage.engine(on: ledger)
        try await stage.settle(engine)
        Stage.release(2, in: stage)
        let abort = ControlRequest(id: "1", call: .steer(Self.lane, .abort, reason: "stop"))
        // The first share of the new slot.
        ledger.cross(
            { write in
                guard case .intent(let intent) = write,
                    case .route(let weights) = intent.order.action
                else { return false }
                return weights.count == 2
            }, isWaitedFor: true,
            with: { await engine.handle(abort, from: ControlPeer(uid: 1000, pid: 1)).result })
        let summary = try await stage.settle(engine)
        #expect(await ledger.answer() == .done(message: "production/api goes back"))
        #expect(summary.rolledBack == [Self.lane])
        let shared = try await stage.world.deliveries().filter { delivery in
            guard case .route(let weights) = delivery.order.action else { return false }
            return delivery.order.lane == Self.lane && weights.count == 2
        }
        #expect(shared.isEmpty)
    }

    @Test(
        "a first deployment that git aborts is taken away, and a removal is not for a person to abort"
    )
    func others() async throws {
        let stage = Stage.canary()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        guard case .failed(let message, let advice) = await steer(stage, engine, .hold) else {
            Issue.record("nothing was under way")
            return
        }
        #expect(message == "no change is under way in production/api")
        #expect(advice == "`airlock freeze production/api` stops what comes")
        Stage.release(2, in: stage, more: "rollout: abort")
        let summary = try await stage.settle(engine)
        #expect(summary.held[Self.lane]?.contains("git asks for rollout: abort") == true)
        guard case .failed(_, let held) = await steer(stage, engine, .resume) else {
            Issue.record("nothing was under way")
            return
        }
        #expect(held.contains("git asks for rollout: abort"), "\(held)")
    }
}

/// A source of signals that never answers.
private struct NoSource: SignalSource {
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] { throw .noAnswer("nobody measures") }
}
