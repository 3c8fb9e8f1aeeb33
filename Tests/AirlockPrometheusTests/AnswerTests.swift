import AirlockModel
import AirlockPorts
import AirlockPrometheus
import AirlockTestSupport
import Foundation
import Testing

@Suite("a server of metrics that does not answer as it should")
struct AnswerTests {
    /// What the source says of an answer; nil when it takes it for good.
    private func refusal(
        _ answer: [String: Any], in bench: Bench, of servers: PrometheusServers? = nil
    ) async throws -> ProviderError? {
        do {
            _ = try await bench.ask(answer, of: servers)
            return nil
        } catch let error as ProviderError {
            return error
        }
    }

    private static let faults: [(status: Int, body: String, reason: String)] =
        [
            (200, "<html>a login page</html>", "not that of Prometheus"),
            (200, "{\"status\": \"success\"}", "no matrix"),
            (200, "", "not that of Prometheus"),
            (
                200,
                "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": []}}",
                "no matrix"
            ),
            (
                200,
                "{\"status\": \"success\", \"warnings\": [\"one store is away\"], \"data\": "
                    + "{\"resultType\": \"matrix\", \"result\": []}}", "in part"
            ),
            (
                200,
                "{\"status\": \"success\", \"data\": {\"resultType\": \"matrix\", \"result\": "
                    + "[{\"metric\": {}, \"values\": [[99999999999, \"1\"]]}]}}",
                "not asked for"
            ),
            (301, "", "redirect"), (302, "", "redirect"), (307, "", "redirect"),
            (401, "", "metricsTokenFile"), (404, "", "404"), (500, "", "500"), (503, "", "503"),
            (
                422,
                "{\"status\": \"error\", \"errorType\": \"execution\", \"error\": \"too many samples\"}",
                "`requests` cannot be asked: too many samples"
            ),
            (
                503,
                "{\"status\": \"error\", \"errorType\": \"timeout\", \"error\": \"query timed out\"}",
                "timed out"
            ),
        ]

    @Test("an answer that is none is a failure with a reason, never an empty answer")
    func faults() async throws {
        let bench = try Bench()
        for (status, body, reason) in Self.faults {
            let location = status / 100 == 3 ? ["Location": "\(bench.address)/x"] : [:]
            let refusal = try #require(
                await refusal(["status": status, "body": body, "headers": location], in: bench))
            #expect("\(refusal)".contains(reason), "\(refusal)")
        }
        let asked = try bench.program.lines(of: "requests.jsonl")
        #expect(asked.allSatisfy { $0["path"] as? String == "/api/v1/query_range" }, "\(asked)")
    }

    @Test("an answer that is too long is cut off, and one that takes too long is left")
    func bounds() async throws {
        var patient = MetricsAccess()
        patient.limit = .seconds(120)
        let bench = try Bench(patient)
        let long = try #require(
            await refusal(["body": String(repeating: "x", count: 1024), "repeat": 6000], in: bench))
        #expect("\(long)".contains("bytes"), "\(long)")
        let clock = ContinuousClock()
        let started = clock.now
        let slow = try #require(await refusal(["body": "", "delay": 300], in: try Bench()))
        #expect(slow.isOutcomeUnknown && clock.now - started < .seconds(200), "\(slow)")
    }

    @Test("a server whose clock is off is not believed")
    func skew() async throws {
        let bench = try Bench()
        var answer = try bench.matrix([])
        for (seconds, word) in [(30, "ahead of"), (-30, "behind"), (4, nil), (-4, nil)] {
            answer["skew"] = seconds
            let refusal = try await refusal(answer, in: bench)
            #expect(refusal.map { "\($0)".contains("s \(word ?? "-") this one") } ?? (word == nil))
        }
    }

    @Test("a server that failed rests for a scrape: lanes that look at once are no storm")
    func rest() async throws {
        let bench = try Bench()
        let servers = bench.servers()
        let failures = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    do {
                        return try await self.refusal(
                            ["status": 500], in: bench, of: servers) != nil
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 200)
        let asked = try bench.program.lines(of: "requests.jsonl").count
        #expect((1...8).contains(asked), "\(asked) of 200 questions were sent")
    }

    @Test("one question asks for both slots, with what stands for them filled in")
    func question() async throws {
        let bench = try Bench()
        _ = try await bench.ask(bench.matrix([]))
        let asked = try bench.program.lines(of: "requests.jsonl")
        let body = try #require(asked.first?["body"] as? String)
        let text = try #require(
            body.replacingOccurrences(of: "+", with: " ").removingPercentEncoding)
        #expect(asked.count == 1)
        for slot in [Bench.target, Bench.base] {
            #expect(
                text.contains("last_over_time(errors_total{slot=\"\(slot)\"}[15s])"), "\(text)")
        }
        #expect(text.contains("start=\(bench.last - 10)&end=\(bench.last)&step=5"), "\(text)")
    }

    @Test("nothing is asked before a whole step has gone by")
    func throttle() async throws {
        let bench = try Bench()
        let answer = try await bench.ask(bench.matrix([]), steps: 0)
        #expect(answer.target.isEmpty && answer.base.isEmpty)
        #expect(try bench.program.lines(of: "requests.jsonl").isEmpty)
    }

    @Test("it says how far apart its samples are", arguments: [1, 15, 30])
    func spacing(seconds: Int) throws {
        let address = try #require(HTTPAddress("https://prometheus.example:9090"))
        let servers = PrometheusServers(access: MetricsAccess()) { Timestamp(milliseconds: 0) }
        let source = servers.source(
            at: MetricsServer(address: address, every: .seconds(seconds)),
            asking: try Bench.queries())
        #expect(source.traits.spacing == seconds)
    }

    @Test("the token goes to the server that it is for and to no other, nor over plain http")
    func token() async throws {
        let first = try Bench()
        var access = MetricsAccess()
        access.token = (first.address, { "sesame" })
        func header(_ bench: Bench) async throws -> String? {
            let source = PrometheusServers(access: access) { bench.now }.source(
                at: MetricsServer(address: bench.address, every: .seconds(5)),
                asking: try Bench.queries())
            _ = try await bench.ask(bench.matrix([]))
            _ = try await source.counters(
                of: Bench.lane, slot: Bench.target,
                from: Timestamp(milliseconds: bench.now.milliseconds - 60_000), to: bench.now)
            let asked = try bench.program.lines(of: "requests.jsonl").last
            return (asked?["headers"] as? [String: String])?["Authorization"]
        }
        #expect(try await header(first) == "Bearer sesame")
        #expect(try await header(try Bench()) == nil)
        let far = try #require(HTTPAddress("http://prometheus.example:9090"))
        let source = PrometheusServers(access: access) { first.now }.source(
            at: MetricsServer(address: far, every: .seconds(5)), asking: try Bench.queries())
        await #expect(throws: ProviderError.self) {
            try await source.counters(
                of: Bench.lane, slot: Bench.target,
                from: Timestamp(milliseconds: first.now.milliseconds - 60_000), to: first.now)
        }
    }
}
