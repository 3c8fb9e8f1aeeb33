import AirlockModel
import AirlockPorts
import AirlockPrometheus
import AirlockTestSupport
import Foundation
import Testing

/// Prometheus of Debian's package, scraping a program that counts for two slots.
@Suite("a real Prometheus", .serialized)
struct RealServerTests {
    private static func traffic(_ fault: String = "", errors: Double = 0.1) -> String {
        """
        {"slots": {"\(Bench.target)": {"instances": 2, "rate": 50, "errors": \(errors)},
                   "\(Bench.base)": {"instances": 3, "rate": 600, "errors": 0.01}},
         "fault": "\(fault)"}
        """
    }

    private static func now() -> Timestamp {
        Timestamp(milliseconds: Int(Date().timeIntervalSince1970 * 1000))
    }

    private let program: ServerProgram
    private let source: any SignalSource
    private let begun: Timestamp

    init() throws {
        program = try ServerProgram("monitoring.py", files: ["traffic.json": Self.traffic()])
        begun = Self.now()
        source = PrometheusServers(access: MetricsAccess(), now: Self.now).source(
            at: MetricsServer(address: try program.address("prometheus"), every: .seconds(1)),
            asking: SignalQueries(
                requests: try SignalQuery("shop_requests_total{slot=\"$slot\"}"),
                errors: try SignalQuery(
                    "sum by (instance) (last_over_time(shop_errors_total{slot=\"$slot\"}[$window]))"
                ),
                others: [.memory: try SignalQuery("shop_memory_bytes{slot=\"$slot\"}")]))
    }

    private func counters(
        from: Timestamp
    ) async throws -> (target: [SecondCounters], base: [SecondCounters]) {
        try await source.counters(
            of: Bench.lane,
            for: SignalQuestion(
                target: Bench.target, base: Bench.base, from: from, to: Self.now(),
                sharedSince: from))
    }

    /// Asks until the answer is as wanted, for at most two minutes.
    private func until(
        _ what: String, from: Timestamp? = nil,
        _ condition: ((target: [SecondCounters], base: [SecondCounters])?, String) -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(600)
        var last = ""
        while ContinuousClock.now < end {
            do {
                let answer = try await counters(from: from ?? begun)
                last = "\(answer.target.count) and \(answer.base.count) records"
                if condition(answer, "") { return }
            } catch {
                last = "\(error)"
                if condition(nil, last) { return }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        Issue.record("not within 120 s: \(what); the last answer was \(last)")
    }

    @Test("counts what both slots did; one that dies is down, and counts again when it is back")
    func counts() async throws {
        try await until("six steps of both slots") { answer, _ in
            guard let answer, answer.target.count >= 6, answer.base.count >= 6 else {
                return false
            }
            let requests = answer.target.map(\.requests).reduce(0, +)
            let errors = answer.target.map(\.errors).reduce(0, +)
            let steps = answer.target.count
            // A scrape now and then falls beside its second.
            #expect((25 * steps...75 * steps).contains(requests), "\(answer.target)")
            #expect((requests / 20...requests / 5).contains(errors), "\(answer.target)")
            #expect(answer.target.contains { $0.witnesses?.count == 2 }, "\(answer.target)")
            #expect(answer.target.allSatisfy { $0.memoryBytes == 64 << 20 })
            return true
        }
        program.command("kill prometheus")
        try await until("it is down") { answer, reason in
            answer == nil && reason.contains("noAnswer")
        }
        program.command("start prometheus")
        let again = Self.now()
        try await until("it counts again", from: again) { answer, _ in
            (answer?.target.count ?? 0) >= 2 && (answer?.base.count ?? 0) >= 2
        }
    }

    @Test(
        "an exporter that is away, or says what is no number, leaves no record behind",
        arguments: ["down", "nan"])
    func faults(_ fault: String) async throws {
        try await until("two steps") { answer, _ in (answer?.target.count ?? 0) >= 2 }
        try program.write(Self.traffic(fault), to: "traffic.json")
        // What was scraped before counts for a window of three scrapes.
        let from = Self.now() + .seconds(5)
        try await until("five seconds without a record", from: from) { answer, _ in
            guard let answer, Self.now() - from >= .seconds(7) else { return false }
            return answer.target.isEmpty && answer.base.isEmpty
        }
        try program.write(Self.traffic(), to: "traffic.json")
        let again = Self.now()
        try await until("it counts again", from: again) { answer, _ in
            (answer?.target.count ?? 0) >= 2
        }
    }

    @Test("tells the instances of a slot apart, by the label that its scrape gave them")
    func instances() async throws {
        let end = ContinuousClock.now + .seconds(600)
        var found: [InstanceCounters] = []
        while ContinuousClock.now < end {
            let now = Self.now()
            found =
                try await source.instances(
                    of: Bench.lane, slot: Bench.target,
                    from: Timestamp(milliseconds: now.milliseconds - 20_000), to: now) ?? []
            if found.count == 2, found.allSatisfy({ $0.requests >= 50 }) { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        let name = Bench.target.description.prefix(6)
        #expect(found.map(\.instance) == ["\(name)-0", "\(name)-1"])
        #expect(found.allSatisfy { ($0.errors ?? .max) <= $0.requests / 5 }, "\(found)")
    }

    @Test("a query that it cannot read is refused by name")
    func badQuery() async throws {
        let source = PrometheusServers(access: MetricsAccess(), now: Self.now).source(
            at: MetricsServer(address: try program.address("prometheus"), every: .seconds(1)),
            asking: SignalQueries(
                requests: try SignalQuery("shop_requests_total{slot=\"$slot\"}"),
                errors: try SignalQuery("sum by (instance (x[$window])")))
        do {
            _ = try await source.counters(
                of: Bench.lane, slot: Bench.target,
                from: Timestamp(milliseconds: Self.now().milliseconds - 10_000), to: Self.now())
            Issue.record("it answered")
        } catch {
            #expect("\(error)".contains("`errors` cannot be asked"), "\(error)")
        }
    }
}
