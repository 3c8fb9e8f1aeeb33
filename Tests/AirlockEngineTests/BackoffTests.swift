import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("a lane's rest after failures")
struct BackoffTests {
    private let lane = Build.lane("production/checkout")
    private let now = ManualClock().now()

    @Test("rests go from one second to one minute and never beyond")
    func restsGrow() {
        var backoff = Backoff()
        var last = Duration.zero
        for attempt in 0..<20 {
            backoff.fail(lane: lane, now: now)
            let rest = backoff.rest(now: now)
            let full = min(60_000, 1_000 << min(attempt, 10))
            #expect(rest <= .milliseconds(full))
            #expect(rest >= .milliseconds(full * 3 / 4))
            if attempt < 6 { #expect(rest > last) }
            last = rest
        }
    }

    @Test("lanes that fail together come back apart, and always the same way")
    func restsAreSpread() {
        func rest(_ name: String) -> Duration {
            var backoff = Backoff()
            for _ in 0..<4 { backoff.fail(lane: Build.lane("production/\(name)"), now: now) }
            return backoff.rest(now: now)
        }
        let rests = (0..<50).map { rest("service-\($0)") }
        #expect(Set(rests).count > 40)
        #expect(rests == (0..<50).map { rest("service-\($0)") })
    }

    @Test("a rest ends with monotonic time")
    func restsEnd() {
        let clock = ManualClock()
        var backoff = Backoff()
        backoff.fail(lane: lane, now: clock.now())
        clock.step(wall: .seconds(3600))
        #expect(backoff.rest(now: clock.now()) > .zero)
        clock.advance(by: .seconds(1))
        #expect(backoff.rest(now: clock.now()) == .zero)
    }
}
