import AirlockHost
import AirlockModel
import Testing

@Suite("The machine's clock")
struct SystemClockTests {
    @Test("says a wall time of this century and one boot")
    func now() throws {
        let clock = try SystemClock()
        let first = clock.now()
        let second = clock.now()
        #expect(first.wall.milliseconds > 1_577_836_800_000)
        #expect(first.boot == second.boot)
        #expect(first.boot.text.split(separator: "-").count == 5)
        #expect(second.monotonicMilliseconds >= first.monotonicMilliseconds)
        #expect(first.monotonicMilliseconds > 0)
    }

    @Test("two clocks of one boot can be compared")
    func oneBoot() throws {
        let (left, right) = (try SystemClock().now(), try SystemClock().now())
        #expect(right.elapsed(since: left) < .seconds(60))
        #expect(left.boot == right.boot)
    }

    @Test("a sleep ends after its time, and one of no length at once")
    func sleeps() async throws {
        let clock = try SystemClock()
        let start = clock.now()
        try await clock.sleep(for: .milliseconds(20))
        #expect(clock.now().elapsed(since: start) >= .milliseconds(20))
        try await clock.sleep(for: .zero)
        try await clock.sleep(for: .seconds(-1))
    }

    @Test("a cancelled sleeper wakes at once")
    func cancellation() async throws {
        let clock = try SystemClock()
        let start = clock.now()
        let sleeper = Task { try await clock.sleep(for: .seconds(36_000)) }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.now().elapsed(since: start) < .seconds(600))
    }
}
