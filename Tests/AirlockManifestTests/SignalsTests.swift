import AirlockManifest
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("signals of an environment and a service")
struct SignalsTests {
    private static let queries = """
        signals:
          requests: 'requests_total{slot="$slot"}'
          errors: 'errors_total{slot="$slot"}'

        """

    /// The shop whose production is measured, with a release of api.
    private static func shop(release: String, service: String = queries) -> MemoryTree {
        var tree = MemoryTree.shop
        tree["environments/production.yaml"] =
            "tier: production\nsignals: {prometheus: {url: \"http://127.0.0.1:9090\", every: 5s}}\n"
        tree["services/api/service.yaml"] = (tree["services/api/service.yaml"] ?? "") + service
        tree["services/api/production.yaml"] =
            "artifact: \(Build.artifact("api"))\nreplicas: 2\n" + release
        return tree
    }

    private static let lane = Build.lane("production/api")

    @Test("the server and the queries reach the lane, and no slot's identity")
    func read() throws {
        let with = Self.shop(release: "strategy: canary\n").decode()
        let fleet = try #require(with.fleet)
        #expect(with.diagnostics.isEmpty, "\(with.diagnostics)")
        let environment = try #require(fleet.environments[Build.environment("production")])
        #expect(environment.signals?.address.description == "http://127.0.0.1:9090")
        #expect(environment.signals?.window == .seconds(15))
        #expect(fleet.environments[Build.environment("staging")]?.signals == nil)
        let lane = try #require(fleet.lanes[Self.lane])
        #expect(lane.signals?.requests.text == "requests_total{slot=\"$slot\"}")
        let without = Self.shop(release: "strategy: canary\n", service: "").decode()
        #expect(
            without.fleet?.lanes[Self.lane]?.slot(secrets: [:])?.id == lane.slot(secrets: [:])?.id)
    }

    @Test("a service may say which label names its instances; else it is the one of the scrape")
    func instance() throws {
        for (line, label) in [("", "instance"), ("  instance: task\n", "task")] {
            let decoded = Self.shop(
                release: "strategy: canary\n", service: Self.queries + line
            ).decode()
            #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
            #expect(decoded.fleet?.lanes[Self.lane]?.signals?.instance == label)
        }
    }

    @Test("what is judged and never measured parks the lane, and only it")
    func missing() throws {
        for (release, service, words) in [
            ("strategy: canary\n", "", "nothing says how its signals are asked for"),
            (
                "strategy: canary\nrollback: {cpu: {above: 85%}}\n", Self.queries,
                "needs the signal `cpu`"
            ),
            (
                "strategy: blueGreen\nrollback: {latencyP99: {above: 1s}}\n", Self.queries,
                "needs the signal `latencyP99`"
            ),
            (
                "strategy: {canary: {compare: {errors: 2, latencyP90: 1}}}\n", Self.queries,
                "needs the signal `latencyBuckets`"
            ),
        ] {
            let decoded = Self.shop(release: release, service: service).decode()
            #expect(decoded.diagnostics.count == 1, "\(decoded.diagnostics)")
            #expect(decoded.diagnostics.first?.problem.contains(words) == true)
            #expect(decoded.fleet?.parked.lanes.keys.sorted() == [Self.lane])
        }
        #expect(Self.shop(release: "", service: "").decode().diagnostics.isEmpty)
    }

    @Test(
        "what cannot be asked is refused with the right form",
        arguments: [
            ("environments/production.yaml", "tier: production\nsignals: {}\n", "at least"),
            (
                "environments/production.yaml",
                "tier: production\nsignals: {prometheus: {url: \"http://u:p@x\"}}\n",
                "without user"
            ),
            (
                "environments/production.yaml",
                "tier: production\nsignals: {prometheus: {url: \"http://x\", every: 1m}}\n",
                "at least every 30s"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: 'sum(x)', errors: x}\n", "$window"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: 'x{slot=\"$slto\"}', errors: x}\n",
                "did you mean `$slot`?"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: 'x{s=\"$slot\"}'}\n", "errors"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: $slot$window, errors: $slot$window, instance: a b}\n",
                "name of a label"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: $slot$window, errors: $slot$window, instance: __name__}\n",
                "name of a label"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: x, errors: 'x{s=\"$slot\"}'}\n",
                "`requests` asks for the same series whichever slot is meant"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: 'x{s=\"$slot\"}', errors: 'x{code=\"500\"}'}\n",
                "`errors` asks for the same series whichever slot is meant"
            ),
            (
                "services/api/service.yaml",
                "port: 1\nsignals: {requests: 'y or rate (x{s=\"$slot\"}[$window])', errors: x}\n",
                "`requests` is a counter, and `rate` makes differences of it"
            ),
        ])
    func refused(_ path: String, _ text: String, _ words: String) {
        var tree = MemoryTree.shop
        tree[path] = text
        let found = tree.decode().diagnostics.map(\.description).joined(separator: "\n")
        #expect(found.contains(words), "\(found)")
    }

    @Test("a rate of what is no counter is taken, and so is a label that looks like a call")
    func rates() {
        let service =
            Self.queries
                + """
                  cpu: 'rate(cpu_seconds_total{slot="$shortSlot"}[$window])'
                  latencyBuckets: 'seconds_bucket{slot="$slot",path="increase("}'

                """
        let decoded = Self.shop(release: "strategy: canary\n", service: service).decode()
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
    }

    @Test("what is compared is in the strategy by its weights, and left out it changes no digest")
    func compare() throws {
        func strategy(_ text: String) throws -> Strategy {
            try #require(
                Self.shop(release: "strategy: {canary: {\(text)}}\n", service: "")
                    .decode().fleet?.lanes[Self.lane]?.release.strategy)
        }
        guard case .canary(let plan) = try strategy("compare: {latencyP90: 1, errors: 2}") else {
            Issue.record("it is no canary")
            return
        }
        #expect(
            plan.compare == [
                ComparedSignal(.errors, weight: 2), ComparedSignal(.latencyP90, weight: 1),
            ])
        #expect(try strategy("hold: 10m").canonical == Strategy.canary(CanaryPlan()).canonical)
        #expect(try strategy("compare: {errors: 1}").canonical != strategy("hold: 10m").canonical)
    }
}
