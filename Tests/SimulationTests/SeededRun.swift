import AirlockEngine
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Logging
import Synchronization

/// One life of a fleet, decided by its seed: merges, faults, clocks, kills and restarts, then peace.
final class SeededRun {
    /// A bug that is built in to prove that the checks notice it.
    enum Bug: CaseIterable {
        /// The ledger answers before its flush.
        case skippedFlush
        /// An order goes out again under another key when its answer is lost, without looking.
        case repeatOnTimeout
        /// The world carries out orders of processes of the past.
        case droppedFence
    }

    /// What a run came to.
    struct Report {
        let violations: [String]
        /// Orders that changed the world.
        let effects: Int
        let restarts: Int
        let faultKinds: Int
    }

    let seed: Int
    private let bug: Bug?
    var dice: Dice
    var shop: Shop
    let clock = ManualClock()
    /// The time of the world, which nobody sets.
    let worldTime = WorldTime()
    let world: SimulatedProvider
    let repository: MemoryRepository
    let witness = Witness()
    private let limbo = Wire.Limbo()
    private(set) var ledger = MemoryLedger()
    private(set) var engine: Engine?
    private(set) var wire: Wire?
    /// An engine of a process that was replaced and does not know it.
    var stale: Engine?
    private var restarts = 0
    var faultKinds: Set<String> = []
    /// What happened, for a person who looks for a fault.
    private(set) var story: [String] = []

    init(seed: Int, bug: Bug? = nil) {
        self.seed = seed
        self.bug = bug
        dice = Dice(seed: seed)
        shop = Shop(&dice)
        let (clock, time) = (clock, worldTime)
        world = SimulatedProvider(
            seed: UInt64(seed) + 1, dropsFence: bug == .droppedFence, now: { time.now })
        repository = MemoryRepository(now: { clock.now().wall })
    }

    /// Lives through all steps, then lets everything come to rest.
    func play() async throws -> Report {
        repository.commit(shop.files, subject: "first")
        try await start()
        try await tick()
        for step in steps() where witness.violations.isEmpty {
            note("\(step)")
            try await take(step)
            try await look()
        }
        if witness.violations.isEmpty { try await comeToRest() }
        return Report(
            violations: witness.violations, effects: witness.appliedCount, restarts: restarts,
            faultKinds: faultKinds.count)
    }

    func note(_ what: String) { story.append(what) }

    // MARK: The process

    /// Starts a process on what a kill of the one before would leave.
    func start() async throws {
        if engine != nil {
            ledger = ledger.restart()
            restarts += 1
        }
        if bug == .skippedFlush { ledger.plantSkippedFlush() }
        let clock = clock
        let wire = Wire(
            world: world, ledger: ledger, witness: witness, limbo: limbo, repository: repository,
            repeatsOnTimeout: bug == .repeatOnTimeout, now: { clock.now().wall })
        self.wire = wire
        var settings = EngineSettings()
        settings.isParallel = false
        settings.lanesAtOnce = 1
        engine = try await Engine(
            parts: EngineParts(
                source: repository, ledger: ledger, providers: [.simulated: wire],
                secrets: world, behaviours: world, clock: clock,
                logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() },
                settings: settings))
    }

    /// Lets the process look once; one that was killed while it looked is replaced by the next.
    @discardableResult
    func tick() async throws -> ReconcileSummary {
        guard let engine else { return ReconcileSummary() }
        do {
            return try await engine.tick()
        } catch EngineHalt.noFleet {
            return ReconcileSummary(faults: ["no fleet"])
        } catch EngineHalt.ledger(MemoryLedger.crash) where ledger.hasCrashed {
            note("killed")
            try await start()
            return try await tick()
        }
    }

    /// Asks the process for something, as a person does.
    func ask(_ call: ControlRequest.Call) async {
        _ = await engine?.handle(
            ControlRequest(id: "\(story.count)", call: call), from: ControlPeer(uid: 1000, pid: 1))
    }

    /// Lets time pass in the world and on the clock.
    func pass(_ duration: Duration) {
        worldTime.advance(by: duration)
        clock.advance(by: duration)
    }

    /// Checks the world's record.
    func look() async throws { witness.absorb(try await world.deliveries()) }
}

/// The time of the world: it passes, and nobody sets it.
final class WorldTime: Sendable {
    private let milliseconds = Mutex(1_767_225_600_000)

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    func advance(by duration: Duration) {
        milliseconds.withLock { $0 += duration.milliseconds }
    }
}
