import AirlockModel
import AirlockPorts
import Testing

@Suite("counters of Prometheus")
struct CounterTests {
    private static let one = ["instance": "a:1"]
    private static let two = ["instance": "b:1"]

    @Test("differences are added up over the series; instances with errors are the witnesses")
    func sums() async throws {
        let bench = try Bench()
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["100", "110", "130"]),
                ("target.requests", Self.two, ["0", "5", "5"]),
                ("target.errors", Self.one, ["7", "8", "9"]),
                ("target.errors", Self.two, ["0", "2", "2"]),
                ("base.requests", Self.one, ["1000", "2000", "3000"]),
                ("base.errors", Self.one, ["4", "4", "5"]),
            ]))
        #expect(answer.target.map(\.second) == [bench.last - 6, bench.last - 1])
        #expect(answer.target.map(\.requests) == [15, 20])
        #expect(answer.target.map(\.errors) == [3, 1])
        #expect(answer.target.map(\.separateErrors) == [2, 1])
        #expect(answer.target.map { $0.witnesses?.count } == [2, 1])
        #expect(answer.base.map(\.requests) == [1000, 1000])
        #expect(answer.base.map(\.errors) == [0, 1])
        // Of a single instance nobody can tell two witnesses: its seconds are.
        #expect(answer.base.allSatisfy { $0.witnesses == nil && $0.separateErrors == nil })
    }

    @Test("a counter that began anew counts from zero, and never backwards")
    func resets() async throws {
        let bench = try Bench()
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["100", "3", "10"]),
                ("target.errors", Self.one, ["50", "1", "1"]),
            ]))
        #expect(answer.target.map(\.requests) == [3, 7])
        #expect(answer.target.map(\.errors) == [1, 0])
        #expect(answer.base.isEmpty)
    }

    @Test("a step of which a value is missing, no number or negative is missing, never zero")
    func holes() async throws {
        let bench = try Bench()
        for hole in [nil, "NaN", "+Inf", "-Inf", "-1", "many"] as [String?] {
            let answer = try await bench.ask(
                bench.matrix([
                    ("target.requests", Self.one, ["0", "10", "20", "30"]),
                    ("target.errors", Self.one, [hole, "1", "1", "1"]),
                    ("base.requests", Self.one, ["0", hole, "20", "30"]),
                    ("base.errors", Self.one, ["0", "0", "0", "0"]),
                ]), steps: 3)
            #expect(answer.target.map(\.second) == [bench.last - 6, bench.last - 1])
            #expect(answer.base.map(\.second) == [bench.last - 1])
        }
    }

    @Test("an instance that comes and goes costs only its own steps")
    func comings() async throws {
        let bench = try Bench()
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["0", "10", "20"]),
                ("target.requests", Self.two, [nil, "500", "505"]),
                ("target.errors", Self.one, ["0", "0", "0"]),
            ]))
        #expect(answer.target.map(\.requests) == [10, 15])
    }

    @Test("errors without a series are not zero errors: the question is refused with the way out")
    func noErrors() async throws {
        let bench = try Bench()
        await #expect(throws: ProviderError.self) {
            try await bench.ask(
                bench.matrix([("target.requests", Self.one, ["0", "10", "20"])]))
        }
        do {
            _ = try await bench.ask(
                bench.matrix([("target.requests", Self.one, ["0", "10", "20"])]))
        } catch {
            #expect("\(error)".contains("or 0 *"), "\(error)")
        }
    }

    @Test("more errors than requests are refused: one of the queries is wrong")
    func contradiction() async throws {
        let bench = try Bench()
        await #expect(throws: ProviderError.self) {
            try await bench.ask(
                bench.matrix([
                    ("target.requests", Self.one, ["0", "10", "20"]),
                    ("target.errors", Self.one, ["0", "11", "22"]),
                ]))
        }
    }

    @Test("of gauges the highest series counts, and what is no number is unknown")
    func gauges() async throws {
        let bench = try Bench()
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["0", "10", "20"]),
                ("target.errors", Self.one, ["0", "0", "0"]),
                ("target.memory", Self.one, ["1", "2", "1048576"]),
                ("target.memory", Self.two, ["1", "2", "2097152"]),
                ("target.latencyP99", [:], ["0.1", "NaN", "0.25"]),
                ("target.cpu", [:], ["0.1", "0.5", "0.625"]),
            ]),
            [
                .memory: try SignalQuery("memory{slot=\"$slot\"}"),
                .latencyP99: try SignalQuery("latency{slot=\"$slot\"}"),
                .cpu: try SignalQuery("cpu{slot=\"$slot\"}"),
            ])
        #expect(answer.target.map(\.memoryBytes) == [2, 2_097_152])
        #expect(answer.target.map(\.latencyP99Microseconds) == [nil, 250_000])
        #expect(answer.target.map(\.cpuBasisPoints) == [5_000, 6_250])
    }

    @Test("buckets are differences of what is cumulative, over time and over the bounds")
    func buckets() async throws {
        let bench = try Bench()
        func row(_ instance: String, _ bound: String, _ values: [String?])
            -> (mark: String, labels: [String: String], values: [String?])
        {
            ("target.latencyBuckets", ["instance": instance, "le": bound], values)
        }
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["0", "10", "20"]),
                ("target.requests", Self.two, ["0", "10", "20"]),
                ("target.errors", Self.one, ["0", "0", "0"]),
                row("a:1", "0.1", ["0", "8", "16"]), row("a:1", "1", ["0", "9", "20"]),
                row("a:1", "+Inf", ["0", "10", "21"]), row("b:1", "0.1", ["0", "5", "10"]),
                row("b:1", "1", ["0", "5", "NaN"]), row("b:1", "+Inf", ["0", "5", "10"]),
            ]), [.latencyBuckets: try SignalQuery("buckets{slot=\"$slot\"}")])
        #expect(answer.target.map(\.latencyBuckets) == [[13, 1, 1], nil])
        #expect(answer.target.first?.slowest?.map(\.bucket) == [2, 0])
    }
}
