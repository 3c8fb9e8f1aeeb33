import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import ServiceLifecycleTestKit
import Synchronization
import Testing

/// Keeps what it is told.
private final class Ear: Notifier {
    let name = "ear"
    let repeats: Duration? = nil
    private let heard = Mutex<[AlertNotice]>([])

    var scopes: [String] {
        heard.withLock { $0.compactMap { $0.alert.scope.map { "\($0)" } } }
    }

    func tell(_ notices: [AlertNotice]) async throws(NotifierError) {
        heard.withLock { $0 += notices }
    }
}

@Suite("the last words of a process", .timeLimit(.minutes(5)))
struct LastWordsTests {
    @Test("what came up in a process that ends at once is told, and what stood before it is not")
    func tellsItsOwn() async throws {
        let stage = Stage()
        let before = try await stage.engine()
        try await stage.settle(before)
        guard
            case .done = await stage.ask(
                before,
                .freeze(.environment(Build.environment("development")), reason: "x", lasting: nil))
        else {
            Issue.record("no freeze")
            return
        }
        stage.clock.advance(by: .seconds(60))
        let ear = Ear()
        stage.notifiers = [ear]
        let engine = try await stage.restart()
        try await testGracefulShutdown { trigger in
            async let running: Void = engine.run()
            try await engine.look()
            guard
                case .done = await stage.ask(
                    engine,
                    .freeze(
                        .environment(Build.environment("production")), reason: "y", lasting: nil))
            else {
                Issue.record("no freeze")
                return
            }
            // Nobody moves the clock: the next usual look at what stands never comes.
            trigger.triggerGracefulShutdown()
            try await running
        }
        #expect(ear.scopes == ["production"])
    }

    @Test("alerts of before spend nothing of what may be told")
    func budget() {
        var line = AlertLine(repeats: nil)
        let now = Moment(
            wall: Timestamp(milliseconds: 100_000), monotonicMilliseconds: 100_000,
            boot: BootID("boot"))
        func alert(_ number: Int, since: Int) -> Alert {
            Alert(
                .rolloutRolledBack, of: .lane(Build.lane("production/s\(number)")), summary: "s",
                evidence: "e", advice: "a", since: Timestamp(milliseconds: since))
        }
        var alerts = (0..<200).map { alert($0, since: $0) }
        alerts.append(alert(200, since: 99_000))
        let standing = Dictionary(uniqueKeysWithValues: alerts.map { ($0.key, $0) })
        let notices = line.due(
            standing, of: Build.fleetName("shop"), now: now,
            since: Timestamp(milliseconds: 90_000))
        #expect(notices.map(\.alert) == [alerts[200]])
    }
}
