import AirlockTestSupport
import Foundation
import Testing

/// The engine against everything at once; each seed is one life of a fleet.
@Suite("the simulated engine")
struct SimulationTests {
    private static let seedsPerBlock = 32

    /// The seed to look at alone, from `AIRLOCK_SEED`.
    private static let chosen = ProcessInfo.processInfo.environment["AIRLOCK_SEED"].flatMap(
        Int.init)

    @Test(
        "no effect is lost or doubled, whatever goes wrong", .timeLimit(.minutes(10)),
        arguments: 0..<10)
    func nothingIsLostOrDoubled(block: Int) async throws {
        let first = block * Self.seedsPerBlock
        let seeds = first..<(first + Self.seedsPerBlock)
        for seed in seeds where Self.chosen == nil || Self.chosen == seed {
            let run = SeededRun(seed: seed)
            let report = try await run.play()
            #expect(report.faultKinds >= 3)
            #expect(report.restarts >= 1)
            guard let violation = report.violations.first else { continue }
            Issue.record(
                """
                \(violation)
                seed \(seed); run it again with:
                  AIRLOCK_SEED=\(seed) swift test --filter SimulationTests
                what happened: \(run.story.joined(separator: ", "))
                """)
        }
    }

    @Test("a planted bug is found within 200 seeds", arguments: SeededRun.Bug.allCases)
    func plantedBugsAreFound(bug: SeededRun.Bug) async throws {
        for seed in 0..<200 {
            let report = try await SeededRun(seed: seed, bug: bug).play()
            if !report.violations.isEmpty { return }
        }
        Issue.record("200 seeds did not notice \(bug)")
    }

    @Test("a seed is played the same again")
    func seedsReplay() async throws {
        let one = SeededRun(seed: 11)
        let other = SeededRun(seed: 11)
        let reports = (try await one.play(), try await other.play())
        #expect(reports.0.effects == reports.1.effects)
        #expect(one.story == other.story)
        #expect(one.ledger.durableEntries == other.ledger.durableEntries)
    }
}
