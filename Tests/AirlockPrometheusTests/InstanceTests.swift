import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Testing

@Suite("instances of a slot in Prometheus")
struct InstanceTests {
    private static func of(_ name: String, by label: String = "instance") -> [String: String] {
        [label: name]
    }

    @Test("what each did is summed up by its label, with its own latency and use of the CPU")
    func parts() async throws {
        let bench = try Bench()
        for label in ["instance", "task"] {
            let (one, two) = (Self.of("a", by: label), Self.of("b", by: label))
            let found = try await bench.instances(
                bench.matrix([
                    ("target.requests", one, ["0", "100", "200"]),
                    ("target.requests", two, ["0", "100", "300"]),
                    ("target.errors", one, ["0", "0", "0"]),
                    ("target.errors", two, ["5", "45", "75"]),
                    ("target.latencyP99", one, ["0.1", "0.1", "0.1"]),
                    ("target.latencyP99", two, ["0.1", "0.4", "0.5"]),
                    ("target.cpu", one, ["0.1", "0.2", "0.4"]),
                    ("target.cpu", two, ["0.1", "0.8", "0.9"]),
                ]),
                [
                    .latencyP99: try SignalQuery("latency{slot=\"$slot\"}"),
                    .cpu: try SignalQuery("cpu{slot=\"$slot\"}"),
                    .memory: try SignalQuery("memory{slot=\"$slot\"}"),
                ], label: label)
            #expect(
                found == [
                    InstanceCounters(
                        instance: "a", requests: 200, errors: 0, latencyP99Microseconds: 100_000,
                        cpuBasisPoints: 3_000),
                    InstanceCounters(
                        instance: "b", requests: 300, errors: 70, latencyP99Microseconds: 500_000,
                        cpuBasisPoints: 8_500),
                ])
        }
        let asked = try bench.program.lines(of: "requests.jsonl").last?["body"] as? String
        #expect(asked?.contains("cpu") == true && asked?.contains("memory") == false)
    }

    @Test("an instance that is not there at the newest step is left out; a hole before it is not")
    func fresh() async throws {
        let bench = try Bench()
        let found = try await bench.instances(
            bench.matrix([
                ("target.requests", Self.of("a"), ["0", "100", "200", "300"]),
                ("target.requests", Self.of("b"), ["0", "100", "200", nil]),
                ("target.requests", Self.of("c"), ["0", nil, "200", "300"]),
                ("target.requests", Self.of("d"), ["0", "100", "200", "300"]),
                ("target.errors", Self.of("a"), ["0", "0", "0", "0"]),
                ("target.errors", Self.of("b"), ["0", "0", "0", "0"]),
                ("target.errors", Self.of("c"), ["0", "0", "0", "0"]),
                ("target.errors", Self.of("d"), ["0", "0", "0", "NaN"]),
            ]), steps: 3)
        #expect(found?.map(\.instance) == ["a", "c"])
        #expect(found?.map(\.requests) == [300, 100])
    }

    @Test("one series of CPU for the whole slot is the use of each instance")
    func shared() async throws {
        let bench = try Bench()
        let found = try await bench.instances(
            bench.matrix([
                ("target.requests", Self.of("a"), ["0", "100", "200"]),
                ("target.requests", Self.of("b"), ["0", "100", "200"]),
                ("target.errors", Self.of("a"), ["0", "0", "0"]),
                ("target.errors", Self.of("b"), ["0", "0", "0"]),
                ("target.cpu", [:], ["0.1", "0.5", "0.5"]),
            ]), [.cpu: try SignalQuery("avg(cpu{slot=\"$slot\"} offset $window)")])
        #expect(found?.map(\.cpuBasisPoints) == [5_000, 5_000])
        #expect(found?.map(\.latencyP99Microseconds) == [nil, nil])
        #expect(found?.map(\.isCPUOfSlot) == [true, true])
    }

    @Test("an instance without a series of errors has none counted, and all else is known of it")
    func uncounted() async throws {
        let bench = try Bench()
        let found = try await bench.instances(
            bench.matrix([
                ("target.requests", Self.of("a"), ["0", "100", "200"]),
                ("target.requests", Self.of("b"), ["0", "100", "200"]),
                ("target.errors", Self.of("b"), ["0", "1", "2"]),
                ("target.cpu", Self.of("a"), ["0.1", "0.5", "0.5"]),
                ("target.cpu", Self.of("b"), ["0.1", "0.5", "0.5"]),
            ]), [.cpu: try SignalQuery("cpu{slot=\"$slot\"}")])
        #expect(found?.map(\.errors) == [nil, 2] && found?.map(\.requests) == [200, 200])
        #expect(found?.map(\.cpuBasisPoints) == [5_000, 5_000])
        #expect(found?.map(\.isCPUOfSlot) == [false, false])
    }

    @Test("a server that says nothing leaves nobody, and one that fails is no answer")
    func nothing() async throws {
        let bench = try Bench()
        let found = try await bench.instances(bench.matrix([]))
        #expect(found == [])
        await #expect(throws: ProviderError.self) {
            try await bench.instances(["status": 500])
        }
    }
}
