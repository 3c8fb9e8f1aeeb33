import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockRollout
import AirlockSimulator
import AirlockTestSupport
import Logging
import Testing

/// An engine on a repository, a ledger and a world in memory.
final class Stage {
    let clock = ManualClock()
    let world: SimulatedProvider
    let repository: MemoryRepository
    var ledger = MemoryLedger()
    /// What stands between the engine and the world; the world itself unless a test says otherwise.
    var provider: (any Provider)?
    /// What measures in place of the world.
    var signals: (any SignalSource)?
    /// What reaches the servers that environments name; nothing unless a test says so.
    var servers: (any SignalServers)?
    /// Whether the world's slots are asked their preview checks.
    var probes = false
    /// Who is told of alerts by a process that runs.
    var notifiers: [any Notifier] = []
    var settings = EngineSettings()
    /// Where log lines go; nowhere unless a test says so.
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    /// Versions of the services of the next commit, by `environment/service`.
    var versions = ["development/api": 1, "development/web": 1, "production/api": 1]
    var name = "shop"
    var secret = "1"
    var extra: MemoryRepository.Files = [:]

    init() {
        let clock = clock
        world = SimulatedProvider(seed: 1, now: { clock.now().wall })
        repository = MemoryRepository(now: { clock.now().wall })
        settings.isParallel = false
        settings.lanesAtOnce = 1
        commit()
    }

    /// Whatever a test did: its rollouts are judged the same again from the log.
    deinit {
        let entries = ledger.durableEntries
        for operation in RolloutReplay.operations(in: entries) {
            if let difference = RolloutReplay(of: operation, in: entries).firstDifference {
                Issue.record("operation \(operation) is judged in another way again: \(difference)")
            }
        }
    }

    /// Commits what the versions say.
    @discardableResult
    func commit(author: String = "ada@example.org") -> CommitID {
        repository.merge(files, author: author)
    }

    var files: MemoryRepository.Files {
        var files: MemoryRepository.Files = [
            "fleet.yaml": """
            airlock: 1
            name: \(name)
            order: [development, production]
            limits: {removals: {count: 9, share: 100%}, changing: {count: 9, share: 100%}}

            """,
            "environments/development.yaml": "tier: development\n",
            "environments/production.yaml": "tier: production\n",
            "simulation.yaml": """
            artifacts: {"sha256:\(Build.artifact("api", 13).digest)": {startup: never}}
            secrets: {shop-key: "\(secret)"}

            """,
        ]
        for (lane, version) in versions {
            let lane = Build.lane(lane)
            let service = lane.unit.name
            files["services/\(service)/service.yaml"] = "port: 8080\n"
            files["services/\(service)/\(lane.environment).yaml"] = """
                artifact: \(Build.artifact(service.description, version))
                replicas: 2
                config: {KEY: {secret: shop-key}}
                strategy: {allAtOnce: {deadline: 1m}}

                """
        }
        return files.merging(extra) { $1 }
    }

    /// A process on the ledger as it is.
    ///
    /// - Parameter other: What stands before the ledger; nil for nothing.
    func engine(on other: (any Ledger)? = nil) async throws -> Engine {
        var parts = EngineParts(
            source: repository, ledger: other ?? ledger, providers: [.simulated: provider ?? world],
            signals: [.simulated: signals ?? world], signalServers: servers,
            secrets: world, behaviours: world, clock: clock, logger: logger,
            settings: settings)
        parts.notifiers = notifiers
        parts.probers = probes ? [.simulated: world] : [:]
        return try await Engine(parts: parts)
    }

    /// Another process after a kill.
    func restart() async throws -> Engine {
        ledger = ledger.restart()
        return try await engine()
    }

    /// Looks and lets time pass until nothing is under way; at most `rounds` times.
    @discardableResult
    func settle(_ engine: Engine, rounds: Int = 100) async throws -> ReconcileSummary {
        var summary = try await engine.tick()
        for _ in 0..<rounds where !summary.underWay.isEmpty {
            clock.advance(by: .seconds(1))
            summary = try await engine.tick()
        }
        return summary
    }

    func ask(_ engine: Engine, _ call: ControlRequest.Call) async -> ControlAnswer.Result {
        await engine.handle(
            ControlRequest(id: "1", call: call), from: ControlPeer(uid: 1000, pid: 1)
        ).result
    }

    func entries(_ kind: AuditKind, of lane: String? = nil) async throws -> [AuditDraft] {
        try await ledger.entries(AuditFilter(lane: lane.map(Build.lane))).map(\.draft)
            .filter { $0.kind == kind }
    }

    /// The artifact that serves in a lane.
    func serving(_ lane: String) async throws -> [ArtifactReference] {
        let lane = Build.lane(lane)
        let answer = try await world.observe(
            lane.environment, of: Build.fleetName(), lanes: [lane], since: nil)
        guard case .observed(let observation) = answer else { return [] }
        return observation.lanes[lane]?.serving.map(\.spec.artifact) ?? []
    }
}
