import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import Logging

/// One rollout of the real engine in a simulated world on a clock that is set by hand, with a kill of
/// the process on the way.
struct DeliveryTrial {
    /// How the release is rolled out.
    enum Strategy: String, CaseIterable {
        case allAtOnce
        case canary
        case blueGreen
    }

    /// What becomes of it.
    enum Course: Hashable {
        /// It is as good as the one before.
        case settled
        /// It breaks its bound on latency, or git goes back where nothing is judged; every instance is
        /// healthy all the time.
        case rolledBack
        /// It fails every request from one second to the next, and breaks its bound on errors.
        case broken
        /// It fails 5% of its requests from the start, at so many requests a second that reach it at 1% of
        /// the traffic. Judged by comparison alone.
        case harmful(perSecond: Int)

        var word: String {
            switch self {
            case .settled: "settled"
            case .rolledBack: "rolledBack"
            case .broken: "broken"
            case .harmful: "harmful"
            }
        }
    }

    /// What came of a trial.
    struct Result {
        let count: RequestMeter.Count
        /// The artifacts with traffic at the end.
        let serving: [ArtifactReference]
        /// From the first bad second, or the first request of a slot that was bad from the start, to the last
        /// request that the bad slot got, in milliseconds; nil where there was none.
        let lastBad: Int?
    }

    /// How a trial could not be played to its end.
    enum Failure: Error {
        case neverSettled(seed: Int)
    }

    let strategy: Strategy
    let course: Course
    let seed: Int

    private static let (replicas, poison) = (4, 20)
    private static let lane = Name.lane("production/api")
    /// Looks in which a rollout has to end.
    private static let looks = 2_400

    /// Version 1 serves; 2 is as good, 3 is slow, 4 breaks after ``poison`` seconds.
    private var version: Int {
        switch course {
        case .settled: 2
        case .rolledBack: strategy == .allAtOnce ? 2 : 3
        case .broken: 4
        case .harmful: 5
        }
    }

    /// Requests a second of the whole lane.
    private var traffic: Int {
        if case .harmful(let perSecond) = course { perSecond * 100 } else { 2_000 }
    }

    func play() async throws -> Result {
        var dice = Dice(seed: seed)
        let clock = ManualClock()
        clock.advance(by: .milliseconds(dice.roll(0...999)))
        let world = SimulatedProvider(seed: UInt64(seed) + 1, now: { clock.now().wall })
        let repository = MemoryRepository(now: { clock.now().wall })
        repository.commit(files(1), subject: "first")
        var ledger = MemoryLedger()
        guard let fleet = FleetName("shop") else { preconditionFailure("it is a name") }
        let meter = RequestMeter(
            world, clock: clock, fleet: fleet, lane: Self.lane, full: Self.replicas, seed: seed)
        func process() async throws -> Engine {
            var settings = EngineSettings()
            (settings.isParallel, settings.lanesAtOnce) = (false, 1)
            return try await Engine(
                parts: EngineParts(
                    source: repository, ledger: ledger, providers: [.simulated: meter],
                    signals: [.simulated: world], secrets: world, behaviours: world, clock: clock,
                    logger: Logger(label: "trial") { _ in SwiftLogNoOpLogHandler() },
                    settings: settings))
        }
        var engine = try await process()
        try await settle(engine, meter, clock)
        meter.begin()
        repository.merge(files(version))
        let (kill, back) = (dice.roll(1...15), dice.roll(1...4))
        for look in 1...Self.looks {
            if look == kill {
                ledger = ledger.restart()
                engine = try await process()
            }
            if look == back, strategy == .allAtOnce, course == .rolledBack {
                repository.merge(files(1))
            }
            let isIdle = try await engine.tick().underWay.isEmpty
            if isIdle, look > max(kill, back) { return try await result(meter, world, fleet) }
            try await wait(for: engine, meter, clock)
        }
        throw Failure.neverSettled(seed: seed)
    }

    private func settle(
        _ engine: Engine, _ meter: RequestMeter, _ clock: ManualClock
    ) async throws {
        for _ in 0..<Self.looks {
            if try await engine.tick().underWay.isEmpty { return }
            try await wait(for: engine, meter, clock)
        }
        throw Failure.neverSettled(seed: seed)
    }

    /// Lets time pass until the engine itself would look again.
    private func wait(
        for engine: Engine, _ meter: RequestMeter, _ clock: ManualClock
    ) async throws {
        let due = await engine.due().map { $0 - clock.now().wall } ?? .seconds(1)
        try await meter.pass(min(max(due, .milliseconds(1)), .seconds(1)))
    }

    private func result(
        _ meter: RequestMeter, _ world: SimulatedProvider, _ fleet: FleetName
    ) async throws -> Result {
        let answer = try await world.observe(
            Self.lane.environment, of: fleet, lanes: [Self.lane], since: nil)
        var serving: [ArtifactReference] = []
        if case .observed(let observation) = answer {
            serving = observation.lanes[Self.lane]?.serving.map(\.spec.artifact) ?? []
        }
        let count = meter.count
        var lastBad: Int?
        if course == .broken, let started = count.started, let served = count.served {
            // The world changes with whole seconds.
            let first = (started.milliseconds + Self.poison * 1000 + 999) / 1000 * 1000
            lastBad = served.milliseconds - first
        }
        if case .harmful = course, let shared = count.shared, let served = count.served {
            lastBad = served.milliseconds - shared.milliseconds
        }
        return Result(count: count, serving: serving, lastBad: lastBad)
    }

    /// Whether the slot that shall serve at the end does.
    func isRight(_ result: Result) -> Bool {
        result.serving == [Name.artifact("api", course == .settled ? 2 : 1)]
    }

    // MARK: Files

    private func files(_ version: Int) -> MemoryRepository.Files {
        [
            "fleet.yaml": "airlock: 1\nname: shop\norder: [production]\n",
            "environments/production.yaml": "tier: production\n",
            "services/api/service.yaml": "port: 8080\n",
            "services/api/production.yaml": """
            artifact: \(Name.artifact("api", version))
            replicas: \(Self.replicas)
            strategy: {\(strategyText)}
            \(bounds)

            """,
            "simulation.yaml": """
            artifacts:
              "sha256:\(Name.artifact("api", 1).digest)": {errorRate: 0.5%}
              "sha256:\(Name.artifact("api", 2).digest)": {errorRate: 0.5%}
              "sha256:\(Name.artifact("api", 3).digest)": {errorRate: 0.5%, latencyP99: 800ms}
              "sha256:\(Name.artifact("api", 4).digest)": {poison: {after: \(Self.poison)s, errorRate: 100%}}
              "sha256:\(Name.artifact("api", 5).digest)": {errorRate: 5%}
            traffic: {api: \(traffic)/s}

            """,
        ]
    }

    private var bounds: String {
        if case .harmful = course { return "" }
        return switch strategy {
        case .allAtOnce: ""
        case .canary, .blueGreen: "rollback: {latencyP99: {above: 400ms}, errorRate: {above: 20%}}"
        }
    }

    private var strategyText: String {
        if case .harmful = course {
            return "canary: {steps: [1%, 100%], hold: 30m, onUndecided: promote}"
        }
        let hold = course == .broken ? 60 : 5
        return switch strategy {
        case .allAtOnce: "allAtOnce: {deadline: 1m}"
        case .canary:
            "canary: {steps: [10%, 50%, 100%], hold: \(hold)s, decideWithin: \(hold + 5)s, "
                + "onUndecided: promote}"
        case .blueGreen: "blueGreen: {keep: \(hold)s}"
        }
    }
}
