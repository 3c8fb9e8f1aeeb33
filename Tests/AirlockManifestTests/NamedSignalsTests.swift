import AirlockAnalysis
import AirlockManifest
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("signals of the service's own")
struct NamedSignalsTests {
    private static let lane = Build.lane("production/api")

    private static func shop(rollback: String, named: String) -> MemoryTree {
        var tree = MemoryTree.shop
        tree["services/api/service.yaml"] =
            (tree["services/api/service.yaml"] ?? "") + """
                signals:
                  requests: 'requests_total{slot="$slot"}'
                  errors: 'errors_total{slot="$slot"}'
                  named: \(named)

                """
        tree["services/api/production.yaml"] =
            "artifact: \(Build.artifact("api"))\nreplicas: 2\nstrategy: canary\n"
            + "rollback: \(rollback)\n"
        return tree
    }

    private static let named =
        "{queue: 'queue_length{slot=\"$slot\"}', jobs.done: 'rate(jobs{s=\"$shortSlot\"}[$window])'}"

    private static func limit(
        _ name: String, _ side: HardLimit.Side, _ millionths: Int64, _ seconds: Int
    ) throws -> HardLimit {
        HardLimit(
            signal: try #require(SignalName(name)), side: side,
            threshold: SignalValue(millionths: millionths), duration: .seconds(seconds))
    }

    @Test("a release bounds them, and use of CPU and memory, above and below")
    func read() throws {
        let decoded = Self.shop(
            rollback: "{queue: {above: 100, below: -0.5, for: 30s}, jobs.done: {below: 2.25}, "
                + "memory: {below: 1Mi, for: 1m}, cpu: {above: 85%, below: 5%}}",
            named: Self.named
        ).decode()
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        let lane = try #require(decoded.fleet?.lanes[Self.lane])
        #expect(lane.signals?.named.map(\.name.description) == ["jobs.done", "queue"])
        guard case .canary(let plan) = lane.release.strategy else {
            Issue.record("it is no canary")
            return
        }
        #expect(
            try plan.limits == [
                Self.limit("cpu", .above, 850_000, 0), Self.limit("cpu", .below, 50_000, 0),
                Self.limit("memory", .below, 1_048_576_000_000, 60),
                Self.limit("jobs.done", .below, 2_250_000, 0),
                Self.limit("queue", .above, 100_000_000, 30),
                Self.limit("queue", .below, -500_000, 30),
            ])
    }

    @Test("a bound on a name that the service does not give parks the lane and names the nearest")
    func undefined() throws {
        for (bound, advice) in [
            ("{qeue: {above: 1}}", "did you mean `queue`?"),
            ("{backlog: {above: 1}}", "add signals: {named: {backlog: '…'}} to services/api/"),
        ] {
            let decoded = Self.shop(rollback: bound, named: Self.named).decode()
            let found = decoded.diagnostics.map(\.description)
            #expect(
                found.count == 1 && found[0].hasPrefix("services/api/production.yaml")
                    && found[0].contains("has no such signal") && found[0].contains(advice),
                "\(found)")
            #expect(decoded.fleet?.parked.lanes.keys.sorted() == [Self.lane])
        }
    }

    @Test(
        "a bound that means nothing is refused with the reason",
        arguments: [
            ("{queue: {for: 30s}}", "`above` or `below` is missing in `queue`"),
            ("{queue: {above: 1, below: 2}}", "no value of `queue` keeps both bounds"),
            ("{queue: {above: 10%}}", "write 100, 0.25 or -3"),
            ("{queue: {above: 1e3}}", "write 100, 0.25 or -3"),
            ("{errorRate: {below: 1%, above: 2%}}", "fewer errors and faster answers are no harm"),
            ("{latencyP99: {above: 1s, below: 1ms}}", "bound a signal of your own"),
            ("{errorrate: {above: 2%}}", "did you mean `errorRate`?"),
            ("{error-rate: {above: 2}}", "is called `errorRate` here"),
            ("{Queue: {above: 2}}", "unknown key `Queue`"),
        ])
    func refusedBounds(_ bound: String, _ words: String) {
        let found = messages(
            .release,
            "artifact: \(Build.artifact("api"))\nreplicas: 2\nstrategy: canary\n"
                + "rollback: \(bound)\n")
        #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }

    @Test(
        "a name that is taken and a query of no slot are refused",
        arguments: [
            ("{cpu: 'x{slot=\"$slot\"}'}", "`cpu` is a signal that every service has"),
            ("{Queue: 'x{slot=\"$slot\"}'}", "is not the name of a signal"),
            ("{queue: 'queue_length'}", "the same series whichever slot is judged"),
            ("{queue: 'sum(x{slot=\"$slot\"})'}", "$window"),
            (
                "{" + (0...16).map { "q\($0): 'x{slot=\"$slot\"}'" }.joined(separator: ", ") + "}",
                "names 16 signals at most"
            ),
        ])
    func refusedNames(_ named: String, _ words: String) {
        let found = messages(
            .service,
            "port: 1\nsignals: {requests: 'x{slot=\"$slot\"}', errors: 'y{slot=\"$slot\"}', "
                + "named: \(named)}\n")
        #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }

    @Test("the simulator is told how they go")
    func simulated() throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let (value, problems) = DecodedDocument.read(
            Array(
                "artifacts: {\"\(digest)\": {signals: {queue: {value: 20, perMinute: -0.5}}}}".utf8),
            as: .simulation)
        #expect(problems.isEmpty, "\(problems)")
        guard case .simulation(let spec)? = value else { return }
        let queue = try #require(SignalName("queue"))
        #expect(
            spec.artifacts.values.first?.signals == [
                NamedCourse(
                    queue, value: SignalValue(millionths: 20_000_000),
                    perMinute: SignalValue(millionths: -500_000))
            ])
    }
}
