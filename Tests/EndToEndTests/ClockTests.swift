import Foundation
import Testing

/// The wall clock of the real process is set while it runs.
@Suite("a clock that is set") struct ClockTests {
    /// Seconds that the clock is moved by.
    enum Step: Int, CaseIterable, CustomTestStringConvertible {
        case hourBack = -3_600
        case tenYearsAhead = 315_360_000

        var testDescription: String { self == .hourBack ? "an hour back" : "ten years ahead" }
    }

    @Test(
        "holds production and not staging, ends no freeze, and leaves no trace for the next start",
        arguments: Step.allCases)
    func set(_ step: Step) async throws {
        let stage = try await Stage()
        let clock = stage.root + "/clock"
        let library = stage.root + "/wall_clock.so"
        let source = Stage.package + "/Tests/EndToEndTests/Programs/wall_clock.c"
        try stage.shell("cc -shared -fPIC -o '\(library)' '\(source)' && echo 0 > '\(clock)'")
        try await stage.must("reconcile", "--wait", "120s")
        try await stage.must("freeze", "production/web", "--reason", "a holiday", "--for", "2h")
        let root = Stage.isRoot ? ["--allow-root"] : []
        let run = try stage.start(
            ["run", "--poll", "1s"] + root,
            environment: ["LD_PRELOAD": library, "AIRLOCK_TEST_CLOCK": clock])
        try await Wait.until("the reconciler answers") {
            guard run.isRunning else { throw StageError(try run.errors()) }
            return FileManager.default.fileExists(atPath: stage.state + "/control.sock")
        }
        try "\(step.rawValue)".write(toFile: clock, atomically: true, encoding: .utf8)
        try stage.commit("api 1.1.0", Shop.api("1.1.0").merging(Self.staging("1.1.0")) { $1 })
        try await Wait.until("staging goes on") {
            try await stage.lane("staging/api")["version"] as? String == "1.1.0"
        }
        try await Wait.until("production is held") {
            let lane = try await stage.lane("production/api")
            return "\(lane)".contains("the clock")
        }
        #expect(try await stage.lane("production/api")["version"] as? String == "1.0.0")
        #expect(try await stage.must("audit", "verify").code == 0)
        try "0".write(toFile: clock, atomically: true, encoding: .utf8)
        run.signal(SIGTERM)
        #expect(try await run.outcome(within: .seconds(180)).code == 0)
        let next = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(next.code == 0, "\(next.output)\(next.errors)")
        #expect(try await stage.lane("production/api")["version"] as? String == "1.1.0")
        #expect(try await stage.must("status").output.contains("a holiday"))
        #expect(!(try await stage.entries("clock")).isEmpty)
        try await stage.must("audit", "verify")
        try await KillTests.checkEffects(stage)
    }

    private static func staging(_ version: String) -> [String: String?] {
        ["services/api/staging.yaml": Shop.release("api", version)]
    }
}
