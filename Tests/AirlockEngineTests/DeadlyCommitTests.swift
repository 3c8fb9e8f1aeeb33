import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

@Suite("a commit that processes die of") struct DeadlyCommitTests {
    /// A stage that has settled, with a newer commit that processes died of.
    private func stage(deaths: Int) async throws -> (Stage, good: CommitID?, bad: CommitID) {
        let stage = Stage()
        try await stage.settle(try await stage.engine())
        let good = stage.repository.head
        stage.versions["development/api"] = 2
        let bad = stage.commit()
        for _ in 0..<deaths {
            try await stage.repository.beginReading(bad, at: stage.clock.now().wall)
        }
        return (stage, good, bad)
    }

    @Test("is refused after the third, once, and the last good fleet stays in force")
    func isRefused() async throws {
        let (stage, good, bad) = try await stage(deaths: 3)
        for _ in 1...2 {
            let summary = try await stage.settle(try await stage.restart())
            #expect(summary.commit == good)
            #expect(
                summary.faults.first?.hasPrefix(
                    "commit \(bad.short) is refused: 3 processes ended while they read it") == true,
                "\(summary.faults)")
        }
        #expect(try await stage.serving("development/api") == [Build.artifact("api")])
        #expect(try await stage.entries(.commitRefused).count == 1)
    }

    @Test("is read by the third process when two died of it, and then it is forgotten")
    func twoAreNotEnough() async throws {
        let (stage, _, bad) = try await stage(deaths: 2)
        let summary = try await stage.settle(try await stage.restart())
        #expect(summary.commit == bad && summary.faults.isEmpty)
        #expect(try await stage.repository.unendedReadings(of: bad).count == 0)
    }

    @Test("ends with a commit on top")
    func commitOnTop() async throws {
        let (stage, _, _) = try await stage(deaths: 3)
        let engine = try await stage.restart()
        try await stage.settle(engine)
        stage.versions["development/api"] = 3
        let top = stage.commit()
        let summary = try await stage.settle(engine)
        #expect(summary.commit == top && summary.faults.isEmpty)
        #expect(try await stage.serving("development/api") == [Build.artifact("api", 3)])
    }

    @Test("is tried once more by a start ten minutes later")
    func isTriedAgain() async throws {
        let (stage, _, bad) = try await stage(deaths: 3)
        stage.clock.advance(by: .seconds(599))
        #expect(try await stage.settle(try await stage.restart()).commit != bad)
        stage.clock.advance(by: .seconds(600))
        #expect(try await stage.settle(try await stage.restart()).commit == bad)
    }

    @Test("is not one that was in force before")
    func knownCommit() async throws {
        let stage = Stage()
        try await stage.settle(try await stage.engine())
        let head = try #require(stage.repository.head)
        for _ in 1...5 {
            try await stage.repository.beginReading(head, at: stage.clock.now().wall)
        }
        let summary = try await stage.settle(try await stage.restart())
        #expect(summary.commit == head && summary.faults.isEmpty)
    }
}
