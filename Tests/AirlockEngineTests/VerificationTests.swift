import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockSimulator
import AirlockTestSupport
import Testing

@Suite("the testing tier runs tests")
struct VerificationTests {
    private let testing = Stage.testing
    private let production = Stage.production

    /// What the gate says of production/api, where its change is held.
    private func held(_ summary: ReconcileSummary) -> String? { summary.held[production] }

    @Test("a build goes on when its job passed, and each new build needs its own result")
    func passed() async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        let first = try await engine.tick()
        #expect(held(first)?.contains("was not deployed to testing/api yet") == true, "\(first)")
        var summary = try await stage.settle(engine)
        #expect(summary.held.isEmpty && summary.underWay.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        stage.release(2)
        summary = try await stage.settle(engine)
        #expect(summary.held.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.runs() == 2)
        let told = try await stage.entries(.decision, of: "testing/api").compactMap(\.outcome)
        #expect(
            told
                == Array(repeating: ["change", "settled", "verify", "passed"], count: 2)
                .flatMap(\.self))
        let entry = try #require(
            try await stage.entries(.decision, of: "testing/api").last)
        #expect(entry.commit != nil && entry.artifact == Build.artifact("api", 2))
        #expect(entry.detail["run"] == "/app/selftest")
    }

    @Test("production goes on in the very look in which the result comes in")
    func atOnce() async throws {
        let stage = Stage.verified()
        stage.behave([:], takes: "0s")
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        let passed = try await stage.entries(.decision, of: "testing/api")
            .first { $0.outcome == "passed" }
        let opened = try await stage.entries(.decision, of: "production/api")
            .first { $0.outcome == "change" }
        #expect(passed != nil && passed?.time == opened?.time)
    }

    @Test("a job that runs, fails, does not end or never began holds, each with its own reason")
    func reasons() async throws {
        for (outcome, reason, move) in [
            ("failed", "failed its verify job in testing/api (operation", "rollout retry"),
            ("never", "did not end within 10s in testing/api (operation", "rollout retry"),
        ] {
            let stage = Stage.verified([2: outcome])
            let engine = try await stage.engine()
            try await stage.settle(engine)
            stage.release(2)
            var summary = try await engine.tick()
            for _ in 0..<3 where held(summary)?.contains("is running in testing/api") != true {
                stage.clock.advance(by: .seconds(1))
                summary = try await engine.tick()
            }
            #expect(held(summary)?.contains("is running in testing/api (operation") == true)
            #expect(summary.underWay == [testing])
            summary = try await stage.settle(engine)
            #expect(held(summary)?.contains(reason) == true, "\(summary.held)")
            #expect(summary.heldForward == [production])
            #expect(try await stage.serving("testing/api") == [Build.artifact("api", 2)])
            #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
            // It stays so, and nothing runs again by itself.
            stage.clock.advance(by: .seconds(3_600))
            let later = try await engine.tick()
            #expect(later.held == summary.held && later.underWay.isEmpty, "\(move)")
            #expect(try await stage.runs() == 2)
        }
        let stage = Stage.verified()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.versions["production/api"] = 3
        stage.commit()
        let summary = try await stage.settle(engine)
        #expect(
            held(summary)?.contains("has no result in testing/api, and git asks for another")
                == true, "\(summary.held)")
    }

    @Test("retry runs a job again that failed, and what passed then goes on")
    func retry() async throws {
        let stage = Stage.verified([2: "failed"])
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.release(2)
        try await stage.settle(engine)
        stage.behave([:])
        stage.commit()
        #expect(
            await stage.ask(engine, .retry(testing))
                == .done(message: "testing/api is tried again"))
        let summary = try await stage.settle(engine)
        #expect(summary.held.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.runs() == 3)
        let again = try await stage.entries(.decision, of: "testing/api")
            .first { $0.outcome == "verify again" }
        #expect(again?.actor.id == "uid:1000" && again?.detail["was"] == "failed")
        guard case .failed(let message, _) = await stage.ask(engine, .retry(testing)) else {
            Issue.record("what passed was run again")
            return
        }
        #expect(
            message == "testing/api has no slot in quarantine and no verify job that failed")
    }

    @Test("a rollback to the build that serves, and another configuration of it, are not held")
    func sameBuild() async throws {
        let stage = Stage.verified([2: "failed"])
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.release(2)
        try await stage.settle(engine)
        stage.versions["production/api"] = 1
        stage.extra["services/api/production.yaml"] = """
            artifact: \(Build.artifact("api", 1))
            replicas: 3
            config: {LEVEL: debug}

            """
        stage.commit()
        try await stage.world.inject(
            SimulatedFault(kind: .driftTraffic, scope: .lane(production)))
        let summary = try await stage.settle(engine)
        #expect(summary.held.isEmpty, "\(summary.held)")
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
        #expect(
            try await stage.ledger.state().lanes[production]?.settled?.slot.config["LEVEL"] != nil)
    }

    @Test(
        "a provider that cannot run jobs holds the lane and says so at the gate, and not for ever")
    func incapable() async throws {
        let stage = Stage.verified()
        let clock = stage.clock
        stage.provider = SimulatedProvider(seed: 1, lacking: [.run], now: { clock.now().wall })
        let engine = try await stage.engine()
        let summary = try await stage.settle(engine)
        let reason = "api has a verify job, and the provider of testing cannot run jobs"
        #expect(summary.held[testing] == "verification: " + reason)
        #expect(held(summary) == "verification: " + reason)
        // Without a job nothing is needed.
        stage.extra["services/api/service.yaml"] = "port: 8080\n"
        stage.commit()
        #expect(try await stage.settle(engine).held.isEmpty)
    }

    @Test("a freeze of testing holds the job, and a thaw lets it run")
    func frozen() async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.release(2)
        for _ in 0..<3 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        let scope = Freeze.Scope.lane(testing)
        _ = await stage.ask(engine, .freeze(scope, reason: "x", lasting: nil))
        stage.clock.advance(by: .seconds(600))
        var summary = try await engine.tick()
        #expect(summary.held[testing]?.contains("frozen") == true)
        #expect(held(summary) != nil)
        _ = await stage.ask(engine, .thaw(scope))
        summary = try await stage.settle(engine)
        #expect(summary.held.isEmpty)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
    }

    @Test("what drifts while the job runs is repaired, and then the job runs anew")
    func drift() async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        for _ in 0..<4 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        #expect(try await stage.runs() == 1)
        try await stage.world.inject(
            SimulatedFault(kind: .driftTraffic, scope: .lane(testing)))
        try await stage.settle(engine)
        let told = try await stage.entries(.decision, of: "testing/api").compactMap(\.outcome)
        #expect(
            told == [
                "change", "settled", "verify", "superseded", "repair", "settled", "verify",
                "passed",
            ])
        #expect(try await stage.runs() == 2)
    }

    @Test("a kill at any write runs the job once and ends with its result")
    func kills() async throws {
        for point in MemoryLedger.Crash.Point.allCases {
            var kills = 0
            for commit in 1...80 {
                let stage = Stage.verified()
                let engine = try await stage.engine()
                stage.ledger.inject(
                    MemoryLedger.Crash(commit: stage.ledger.commits + commit, point: point))
                var isOver = false
                do {
                    try await stage.settle(engine)
                    isOver = true
                } catch {
                    kills += 1
                    try await stage.settle(try await stage.restart())
                }
                #expect(try await stage.runs() == 1, "commit \(commit) \(point)")
                #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
                let state = try await stage.ledger.state()
                #expect(state.operations.isEmpty && state.intents.isEmpty)
                #expect(
                    state.verifications[testing]?.results.map(\.outcome) == [.passed],
                    "commit \(commit) \(point)")
                if isOver { break }
            }
            #expect(kills > 10 && kills < 80, "\(kills)")
        }
    }

    @Test(
        "faults of the provider change nothing about the result",
        arguments: [
            SimulatedFault.Kind.refuse, .loseAnswer, .loseOrder, .half, .deliverTwice,
            .late(.seconds(3)),
        ])
    func faults(kind: SimulatedFault.Kind) async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        stage.release(2)
        // The start, the traffic and the end of the old slot come before the job.
        var summary = try await engine.tick()
        for _ in 0..<9
        where try await stage.ledger.state().operation(of: testing)?.verification == nil {
            try await stage.world.inject(
                SimulatedFault(kind: kind, scope: .lane(testing), times: 1, lasting: .seconds(1)))
            stage.clock.advance(by: .seconds(1))
            summary = try await engine.tick()
        }
        summary = try await stage.settle(engine)
        #expect(summary.held.isEmpty, "\(summary.held)")
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        #expect(try await stage.runs() == 2)
    }

    @Test("a job that was forgotten while no process ran expires, and another run says the result")
    func forgotten() async throws {
        let stage = Stage.verified()
        let provider = ForgetfulProvider(stage.world)
        stage.provider = provider
        let engine = try await stage.engine()
        for _ in 0..<4 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        #expect(try await stage.runs() == 1)
        provider.forget()
        stage.clock.advance(by: .seconds(3_600))
        try await stage.settle(try await stage.restart())
        let outcomes = try await stage.ledger.operations(of: testing, limit: 9)
            .filter { $0.verification != nil }.compactMap(\.outcome)
        #expect(outcomes.count == 2 && outcomes.contains(.expired), "\(outcomes)")
        #expect(outcomes.contains(.verified(.passed)), "\(outcomes)")
        #expect(try await stage.runs() == 2)
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 1)])
    }

    @Test("only time in which a job was seen running is its time")
    func time() throws {
        let ledger = try #require(LedgerID(String(repeating: "1", count: 32)))
        let job = VerifyJob(run: ["/app/selftest"], timeout: .seconds(10))
        let slot = Build.slot("api")
        let work = Verification(lane: testing, slot: slot, job: job, ledger: ledger)
        let fresh = OperationRecord(
            number: 7, lane: testing, work: .verify(work), commit: nil, author: nil,
            opened: Timestamp(milliseconds: 0))
        let nothing = LaneObservation(lane: testing)
        let running = LaneObservation(
            lane: testing,
            jobs: [
                JobObservation(
                    id: JobID(ledger: ledger, operation: 7), slot: slot.id, phase: .running)
            ])
        func looks(
            _ operation: inout OperationRecord, at seconds: [Int], _ lane: LaneObservation
        ) -> [String] {
            seconds.map { second in
                let now = Moment(
                    wall: Timestamp(milliseconds: second * 1_000),
                    monotonicMilliseconds: second * 1_000, boot: BootID("boot"))
                let step = Rollout.advance(operation, in: lane, now: now)
                operation.rollout = step.state
                return switch step.next {
                case .act: "act"
                case .wait: "wait"
                case .end(let outcome): outcome.word
                }
            }
        }
        // It is ordered as long as it was not taken, and has its whole time from when it is seen.
        var operation = fresh
        let ordered = looks(&operation, at: [0, 100, 1_000], nothing)
        #expect(ordered == ["act", "act", "act"])
        operation.rollout = Rollout.afterAction(operation.rollout)
        let taken = looks(&operation, at: [1_001, 1_040], nothing)
        #expect(taken == ["wait", "wait"])
        var unseen = operation
        let never = looks(&unseen, at: [1_041], nothing)
        #expect(never == ["expired"])
        let ran = looks(&operation, at: [1_040, 1_079], running)
        #expect(ran == ["wait", "wait"])
        var forgotten = operation
        let over = looks(&operation, at: [1_080], running)
        #expect(over == ["timedOut"])
        // Out of sight is not over its time.
        let lost = looks(&forgotten, at: [1_108], nothing)
        #expect(lost == ["wait"])
        var parked = forgotten
        let gone = looks(&forgotten, at: [1_109], nothing)
        #expect(gone == ["expired"])
        parked.rollout = Rollout.parked(parked.rollout)
        let afterwards = looks(&parked, at: [9_000, 9_030], nothing)
        #expect(afterwards == ["wait", "expired"])
    }

    @Test("a job that git writes differently takes the place of one that never ends")
    func otherJob() async throws {
        let stage = Stage.verified([1: "never"])
        let engine = try await stage.engine()
        for _ in 0..<4 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        #expect(try await stage.runs() == 1)
        stage.behave([:])
        stage.extra["services/api/service.yaml"] =
            "port: 8080\nverify: {run: [/app/right], timeout: 9s}\n"
        stage.commit()
        _ = try await engine.tick()
        _ = try await engine.tick()
        #expect(try await stage.runs() == 2)
        let told = try await stage.entries(.decision, of: "testing/api").compactMap(\.outcome)
        #expect(told == ["change", "settled", "verify", "superseded", "verify"], "\(told)")
    }

    @Test("a lane that settles on a new build while the old one is tested starts with the new one")
    func superseded() async throws {
        let stage = Stage.verified()
        let engine = try await stage.engine()
        for _ in 0..<4 {
            _ = try await engine.tick()
            stage.clock.advance(by: .seconds(1))
        }
        stage.release(2)
        try await stage.settle(engine)
        let results = try await stage.ledger.state().verifications[testing]?.results ?? []
        #expect(results.map(\.build) == [Build.slot("api", 2).build])
        #expect(try await stage.serving("production/api") == [Build.artifact("api", 2)])
        let operations = try await stage.ledger.operations(of: testing, limit: 9)
        #expect(operations.contains { $0.verification != nil && $0.outcome == .superseded })
    }
}
