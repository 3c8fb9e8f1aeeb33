import AirlockAnalysis
import AirlockModel
import AirlockPorts
import AirlockTestSupport
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

    @Test("a slot without traffic is asked for what counts no requests, and tells it without them")
    func idle() async throws {
        let bench = try Bench()
        let queue = SignalQueries.Named(
            name: try #require(SignalName("queue")),
            query: try SignalQuery("queue_length{slot=\"$slot\"}"))
        let other = SignalQueries.Named(
            name: try #require(SignalName("other")),
            query: try SignalQuery("other_length{slot=\"$slot\"}"))
        let (found, asked) = try await bench.idle(
            bench.matrix([
                ("target.memory", Self.one, ["100", "200", nil]),
                ("target.memory", Self.two, ["150", "150", nil]),
                ("target.named.queue", Self.one, [nil, "7", nil]),
            ]), [.memory: try SignalQuery("memory{slot=\"$slot\"}")], named: [queue, other])
        #expect(found.map(\.second) == [bench.last - 6])
        #expect(found.first?.memoryBytes == 200 && found.first?.requests == 0)
        #expect(found.first?.named?.map(\.signal.description) == ["queue"])
        #expect(asked.contains("queue_length") && asked.contains("memory"))
        for word in ["requests_total", "errors_total", "other_length"] {
            #expect(!asked.contains(word), "\(asked)")
        }
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

    @Test("a step at which an instance comes or goes is missing: what it did was seen by nobody")
    func comings() async throws {
        let bench = try Bench()
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["0", "10", "20", "30", "40"]),
                ("target.requests", Self.two, [nil, "500", "505", nil, nil]),
                ("target.errors", Self.one, ["0", "0", "0", "0", "0"]),
                ("target.errors", Self.two, [nil, "0", "0", nil, nil]),
            ]), steps: 4)
        #expect(answer.target.map(\.second) == [bench.last - 11, bench.last - 1])
        #expect(answer.target.map(\.requests) == [15, 10])
    }

    @Test("a kind of answer that begins at an instance that was there began at zero")
    func children() async throws {
        let bench = try Bench()
        func requests(_ labels: [[String: String]], _ values: [[String?]]) async throws -> [Int] {
            let rows = zip(labels, values).map { (mark: "target.requests", labels: $0, values: $1) }
            let zeros: [String?] = values[0].map { _ in "0" }
            let errors = (mark: "target.errors", labels: ["instance": "a:1"], values: zeros)
            let answer = try await bench.ask(
                bench.matrix(rows + [errors]), steps: zeros.count - 1)
            return answer.target.map(\.requests)
        }
        // Restarted at the third step, it has answered nothing of that kind any more.
        let kinds = try await requests(
            [["instance": "a:1", "code": "200"], ["instance": "a:1", "code": "404"]],
            [["0", "10", "20", "5", "10"], [nil, "3", "4", nil, nil]])
        #expect(kinds == [13, 11, 5, 5])
        // What is scraped by itself comes and goes by itself.
        let jobs = try await requests(
            [["instance": "a:1", "job": "web"], ["instance": "a:1", "job": "worker"]],
            [["0", "10", "20"], [nil, "500", "505"]])
        #expect(jobs == [15])
        // Of what names no instance nobody knows whether it was there.
        let sums = try await requests(
            [["code": "200"], ["code": "404"]], [["0", "10", "20"], [nil, "3", "4"]])
        #expect(sums == [11])
    }

    @Test("a scrape that failed for one of three instances is no fall of the slot, and no health")
    func failedScrape() async throws {
        let bench = try Bench()
        let three = ["instance": "c:1"]
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["0", "10", "20", "30", "40"]),
                ("target.requests", Self.two, ["0", "10", "20", "30", "40"]),
                ("target.requests", three, ["0", "10", nil, "30", "40"]),
                ("target.errors", Self.one, ["0", "0", "0", "0", "0"]),
                ("target.errors", Self.two, ["0", "0", "0", "0", "0"]),
                ("target.errors", three, ["0", "10", nil, "30", "40"]),
            ]), steps: 4)
        #expect(answer.target.map(\.requests) == [30, 30])
        #expect(answer.target.map(\.errors) == [10, 10])
    }

    @Test("requests of an instance whose errors nobody counts are no good requests")
    func uncovered() async throws {
        let bench = try Bench()
        func answer(errorsOf labels: [String: String]) throws -> [String: Any] {
            try bench.matrix([
                ("target.requests", Self.one, ["0", "10", "20"]),
                ("target.requests", Self.two, ["0", "10", "20"]),
                ("target.errors", labels, ["0", "1", "2"]),
            ])
        }
        do {
            _ = try await bench.ask(answer(errorsOf: Self.one))
            Issue.record("it was counted")
        } catch {
            #expect("\(error)".contains("no series of b:1"), "\(error)")
        }
        // One series of no instance is the sum of all.
        let summed = try await bench.ask(answer(errorsOf: [:]))
        #expect(summed.target.map(\.errors) == [1, 1])
    }

    @Test("an hour of scrapes is asked for part by part, and none of it is lost between two")
    func history() async throws {
        let bench = try Bench()
        func part(_ steps: Range<Int>) throws -> String {
            try bench.body(
                [
                    ("target.requests", Self.one, steps.map { "\($0 * 10)" }),
                    ("target.errors", Self.one, steps.map { "\($0)" }),
                ], until: bench.last - (300 - steps.upperBound + 1) * 5)
        }
        let parts = [try part(0..<121), try part(120..<241), try part(240..<301)]
        let counters = try await bench.history(["bodies": parts], steps: 300)
        #expect(counters.map(\.second) == (0..<300).map { bench.last - (299 - $0) * 5 - 1 })
        #expect(counters.allSatisfy { $0.requests == 10 && $0.errors == 1 })
        #expect(try bench.program.lines(of: "requests.jsonl").count == 3)
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

    @Test("signals of the service's own are those of the new slot, lowest to highest series")
    func named() async throws {
        let bench = try Bench()
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["0", "10", "20", "30"]),
                ("target.errors", Self.one, ["0", "0", "0", "0"]),
                ("target.named.queue", Self.one, ["1", "7", "-2.5", nil]),
                ("target.named.queue", Self.two, ["1", "3", "NaN", nil]),
                ("target.named.cpu.idle", [:], ["1", nil, "0.25", nil]),
            ]), steps: 3,
            named: try ["queue", "cpu.idle"].map { name in
                SignalQueries.Named(
                    name: try #require(SignalName(name)),
                    query: try SignalQuery("own{slot=\"$slot\"}"))
            })
        let readings = answer.target.map { counters in
            counters.named.map { $0.map { "\($0.signal) \($0.lowest)...\($0.highest)" } }
        }
        // Of a series that is no number nothing is known, and of the others nothing is lost.
        #expect(readings == [["queue 3...7"], ["cpu.idle 0.25...0.25"], nil])
        let asked = try bench.program.lines(of: "requests.jsonl")
        let body = try #require(asked.first?["body"] as? String)
        #expect(asked.count == 1)
        #expect(body.contains("target.named.queue") && !body.contains("base.named"), "\(body)")
    }

    @Test("of a slot by itself no signal of the service's own is asked for: nothing reads it there")
    func namedOfOne() async throws {
        let bench = try Bench()
        let queue = SignalQueries.Named(
            name: try #require(SignalName("queue")),
            query: try SignalQuery("own{slot=\"$slot\"}"))
        _ = try await bench.history(
            bench.matrix([
                ("target.requests", Self.one, ["0", "10"]),
                ("target.errors", Self.one, ["0", "0"]),
            ]), steps: 1, named: [queue])
        let asked = try bench.program.lines(of: "requests.jsonl")
        let body = try #require(asked.first?["body"] as? String)
        #expect(body.contains("target.errors") && !body.contains("named"), "\(body)")
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
                ("target.errors", Self.two, ["0", "0", "0"]),
                row("a:1", "0.1", ["0", "8", "16"]), row("a:1", "1", ["0", "9", "20"]),
                row("a:1", "+Inf", ["0", "10", "21"]), row("b:1", "0.1", ["0", "5", "10"]),
                row("b:1", "1", ["0", "5", "NaN"]), row("b:1", "+Inf", ["0", "5", "10"]),
            ]), [.latencyBuckets: try SignalQuery("buckets{slot=\"$slot\"}")])
        #expect(answer.target.map(\.latencyBuckets) == [[13, 1, 1], nil])
        #expect(answer.target.first?.slowest?.map(\.bucket) == [2, 0])
    }

    @Test("a kind of answer that begins takes no step from the buckets either")
    func bucketChildren() async throws {
        let bench = try Bench()
        func row(_ handler: String, _ bound: String, _ values: [String?])
            -> (mark: String, labels: [String: String], values: [String?])
        {
            let labels = ["instance": "a:1", "handler": handler, "le": bound]
            return ("target.latencyBuckets", labels, values)
        }
        let answer = try await bench.ask(
            bench.matrix([
                ("target.requests", Self.one, ["0", "12", "22"]),
                ("target.errors", Self.one, ["0", "0", "0"]),
                row("/a", "0.1", ["0", "8", "16"]), row("/a", "+Inf", ["0", "10", "20"]),
                row("/b", "0.1", [nil, "1", "1"]), row("/b", "+Inf", [nil, "2", "2"]),
            ]), [.latencyBuckets: try SignalQuery("buckets{slot=\"$slot\"}")])
        #expect(answer.target.map(\.latencyBuckets) == [[9, 3], [8, 2]])
    }
}
