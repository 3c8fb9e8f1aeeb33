import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Synchronization
import Testing

/// Healing by a server of metrics beside the provider, as with Prometheus.
@Suite("healing by a server of metrics") struct MeasuredHealingTests {
    private static let lane = Build.lane("production/api")

    /// Ten instances at rest that a server measures.
    private func stage(
        _ server: Measured, replicas: String = "10"
    ) async throws -> (Stage, Engine) {
        let stage = Stage()
        stage.versions = ["production/api": 1]
        stage.servers = server
        stage.extra = [
            "environments/production.yaml": """
            tier: production
            healing: {afterChange: 0s}
            signals: {prometheus: {url: "http://127.0.0.1:9090", every: 15s}}

            """,
            "services/api/production.yaml": """
            artifact: \(Build.artifact("api", 1))
            replicas: \(replicas)
            strategy: {allAtOnce: {deadline: 1m}}

            """,
        ]
        stage.commit()
        let engine = try await stage.engine()
        try await stage.settle(engine)
        return (stage, engine)
    }

    private func look(_ stage: Stage, _ engine: Engine, _ times: Int) async throws {
        for _ in 0..<times {
            stage.clock.advance(by: .seconds(5))
            _ = try await engine.tick()
        }
    }

    private func heals(_ stage: Stage) async throws -> [String] {
        try await stage.entries(.decision, of: "\(Self.lane)").filter { $0.outcome == "heal" }
            .compactMap { $0.detail["action"] }
    }

    /// The ids of the lane's instances, sorted.
    private func ids(_ stage: Stage) async throws -> [String] {
        let answer = try await stage.world.observe(
            Self.lane.environment, of: Build.fleetName(), lanes: [Self.lane], since: nil)
        guard case .observed(let observation) = answer else { return [] }
        return (observation.lanes[Self.lane]?.slots.first?.instances ?? []).map(\.id).sorted()
    }

    @Test("an instance that the server shows to fail is ejected; it is asked over four scrapes")
    func ejected() async throws {
        let server = Measured()
        let (stage, engine) = try await stage(server)
        let ids = try await ids(stage)
        server.state.withLock { state in
            state.told = ids.map { ("\($0):9100", $0 == ids[3] ? 40 : 0, nil) }
        }
        try await look(stage, engine, 4)
        #expect(try await heals(stage).isEmpty, "two answers are no three")
        try await look(stage, engine, 6)
        #expect(try await heals(stage) == ["eject \(ids[3])"])
        let spans = server.state.withLock { $0.spans }
        #expect(!spans.isEmpty && spans.allSatisfy { $0 == .seconds(60) })
    }

    @Test("the load that the server shows adds an instance, and no other question is asked for it")
    func scaled() async throws {
        let server = Measured()
        let (stage, engine) = try await stage(server, replicas: "{min: 4, max: 6}")
        let ids = try await ids(stage)
        server.state.withLock { state in state.told = ids.map { ($0, 0, 9_000) } }
        try await look(stage, engine, 20)
        #expect(try await heals(stage).map { String($0.suffix(4)) } == ["to 5"])
    }

    @Test("names that are not the provider's are said in the lane once, and nothing is ejected")
    func strangers() async throws {
        let server = Measured()
        let (stage, engine) = try await stage(server)
        server.state.withLock { state in
            state.told = (0..<10).map { ("10.0.0.\($0):80", $0 == 3 ? 40 : 0, nil) }
        }
        try await look(stage, engine, 30)
        #expect(try await heals(stage).isEmpty)
        let said = try await stage.entries(.healing, of: "\(Self.lane)").filter {
            $0.outcome == "hold"
        }
        #expect(said.count == 1)
        #expect(said.first?.detail["advice"]?.contains("services/api/service.yaml") == true)
    }
}

/// A server that shows instances as it is told to, and refuses every other question.
private final class Measured: SignalServers, SignalSource {
    struct State {
        /// Name, errors of a hundred requests, and use of the CPU limit.
        var told: [(name: String, errors: Int, cpu: Int?)] = []
        var spans: [Duration] = []
    }

    let state = Mutex(State())

    func source(at server: MetricsServer, asking queries: SignalQueries?) -> any SignalSource {
        self
    }

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        throw .refused("it is asked for instances alone")
    }

    func instances(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [InstanceCounters]? {
        state.withLock { state in
            state.spans.append(to - from)
            return state.told.map {
                InstanceCounters(
                    instance: $0.name, requests: 100, errors: $0.errors,
                    latencyP99Microseconds: 50_000, cpuBasisPoints: $0.cpu)
            }
        }
    }
}
