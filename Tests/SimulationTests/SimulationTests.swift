import AirlockModel
import AirlockRehearsal
import Foundation
import Testing

/// The engine against everything at once; each seed is one life of a fleet.
@Suite("the simulated engine", .serialized)
struct SimulationTests {
    private static let variables = ProcessInfo.processInfo.environment
    private static let commit = variables["AIRLOCK_COMMIT"] ?? "the checked-out commit"

    /// `AIRLOCK_SEED` alone, or the first `AIRLOCK_SEEDS`.
    private static let seeds: Range<Int> = {
        if let one = variables["AIRLOCK_SEED"].flatMap(Int.init) { return one..<(one + 1) }
        return 0..<(variables["AIRLOCK_SEEDS"].flatMap(Int.init) ?? 1_000)
    }()

    @Test("no effect is lost or doubled, whatever goes wrong", .timeLimit(.minutes(20)))
    func nothingIsLostOrDoubled() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = try await Rehearsal(seeds: Self.seeds).play(atOnce: 2)
        let seconds = (clock.now - start).components.seconds
        print(
            "simulation: seeds \(Self.seeds), \(outcome.lives) lives in \(seconds) s, "
                + "\(outcome.effects) effects, \(outcome.restarts) restarts, "
                + "\(outcome.judged) verdicts judged again, "
                + "\(Self.phrase(outcome.releases)), "
                + "at most \(outcome.callsPerLane) calls a lane in one look")
        if let failure = outcome.failure {
            Issue.record(
                """
                \(failure.violations.joined(separator: "\n"))
                seed \(failure.seed) at \(Self.commit); see it again with:
                  airlock sim replay --seed \(failure.seed) --verbose
                what happened:
                \(failure.story.joined(separator: "\n"))
                """)
        }
        #expect(outcome.lives == Self.seeds.count || outcome.failure != nil)
        #expect(outcome.fewestFaultKinds >= 3)
        #expect(outcome.fewestRestarts >= 1)
        #expect(
            outcome.judged >= outcome.lives / SeededRun.judgedEvery
                || outcome.failure != nil)
        #expect(outcome.callsPerLane <= 40, "a storm of calls")
        // A few lives alone need not have all of it.
        guard outcome.failure == nil, outcome.lives >= 1_000 else { return }
        let releases = outcome.releases
        #expect(releases.testsPassed > 0 && releases.testsFailed > 0)
        #expect(releases.testsTimedOut > 0)
        #expect(releases.previewsPassed > 0 && releases.previewsFailed > 0)
        #expect(releases.previewsUndecided > 0)
        #expect(releases.reversals > 0)
    }

    private static func phrase(_ releases: ReleaseCounts) -> String {
        "tests \(releases.testsPassed) passed, \(releases.testsFailed) failed, "
            + "\(releases.testsTimedOut) timed out, previews \(releases.previewsPassed) passed, "
            + "\(releases.previewsFailed) failed, \(releases.previewsUndecided) undecided, "
            + "\(releases.reversals) reversals by a watch"
    }

    @Test("a planted bug is found within 200 seeds", arguments: SeededRun.Bug.allCases)
    func plantedBugsAreFound(bug: SeededRun.Bug) async throws {
        let outcome = try await Rehearsal(seeds: 0..<200, bug: bug).play(atOnce: 2)
        #expect(outcome.failure != nil, "200 seeds did not notice \(bug)")
    }

    /// In these an order that was late came due on the way to a claim, and when a later operation had
    /// already undone what it asks for; in the last a world whose clock had been ahead stood still for longer
    /// than was waited for. The engine was right each time.
    @Test("what comes late is not put down to the engine", arguments: [664, 9_342, 15_379])
    func lateOrders(seed: Int) async throws {
        let outcome = try await Rehearsal(seeds: seed..<seed + 1).play(atOnce: 1)
        #expect(outcome.failure == nil)
    }

    /// A repair gave the traffic to a slot that an overtaken change had left idle, before its preview.
    @Test("lives that were broken once hold", arguments: [13_512])
    func mended(seed: Int) async throws {
        let outcome = try await Rehearsal(seeds: seed..<seed + 1).play(atOnce: 1)
        #expect(outcome.failure == nil)
    }

    @Test("a log that lost an entry, or has one twice, does not agree with its journal")
    func logReplay() async throws {
        let life = try await SeededRun.live(seed: 11)
        let entries = life.entries
        #expect(LogReplay(entries, state: life.state).violations.isEmpty)
        for kind in [AuditKind.intended, .settled] {
            let places = entries.indices.filter { entries[$0].draft.kind == kind }
            #expect(places.count > 5)
            for place in places {
                var (without, twice) = (entries, entries)
                without.remove(at: place)
                twice.insert(entries[place], at: place)
                for damaged in [without, twice] {
                    // Numbered anew, so that it is what they say that is found.
                    let numbered = damaged.enumerated().map { number, entry in
                        var draft = entry.draft
                        draft.about = draft.about.map {
                            $0 > place ? $0 + damaged.count - entries.count : $0
                        }
                        return AuditEntry(sequence: number, draft: draft)
                    }
                    let replay = LogReplay(numbered, state: life.state)
                    #expect(!replay.violations.isEmpty, "\(kind) \(place)")
                }
            }
        }
    }

    @Test("an operation whose place is taken contradicts no log, and one that is unknown does")
    func superseded() throws {
        let lane = try #require(LaneID("testing/api"))
        let digits = String(repeating: "a", count: 64)
        let artifact = try #require(ArtifactReference("registry.example/api@sha256:\(digits)"))
        let job = Verification(
            lane: lane, slot: SlotSpec(artifact: artifact, template: Template(port: 8080)),
            job: VerifyJob(run: ["/app/selftest"]), ledger: nil)
        let time = Timestamp(milliseconds: 0)
        var state = LedgerState()
        state.apply(
            .operation(
                OperationRecord(
                    number: 2, lane: lane, work: .verify(job), commit: nil, author: nil,
                    opened: time)))
        state.apply(.lane(LaneRecord(lane: lane, operation: 2)))
        func log(_ opened: [(operation: Int, outcome: String)]) -> [AuditEntry] {
            opened.enumerated().map { number, opened in
                AuditEntry(
                    sequence: number,
                    draft: AuditDraft(
                        kind: .decision, time: time, lane: lane, operation: opened.operation,
                        outcome: opened.outcome))
            }
        }
        #expect(LogReplay(log([(1, "change"), (2, "verify")]), state: state).violations.isEmpty)
        #expect(!LogReplay(log([(2, "change"), (3, "verify")]), state: state).violations.isEmpty)
        let ended = log([(2, "change"), (3, "verify"), (3, "failed")])
        #expect(LogReplay(ended, state: state).violations.isEmpty)
    }

    /// The second is of those in which builds are tested, slots asked and a lane watched.
    @Test("a seed is played the same again", arguments: [11, 24])
    func seedsReplay(seed: Int) async throws {
        let one = try await SeededRun.live(seed: seed, isVerbose: true)
        let other = try await SeededRun.live(seed: seed, isVerbose: true)
        #expect(one == other)
        #expect(one.story.count > 100)
    }
}
