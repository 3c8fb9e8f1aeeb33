import AirlockEngine
import AirlockMemory
package import AirlockModel
import AirlockPorts
import AirlockSimulator
import Logging
import Synchronization

/// One life of a fleet, decided by its seed: merges, faults, clocks, kills and restarts, then peace.
package final class SeededRun {
    /// A bug that is built in to prove that the checks notice it.
    package enum Bug: Sendable, CaseIterable {
        /// The ledger answers before its flush.
        case skippedFlush
        /// An order goes out again under another key when its answer is lost, without looking.
        case repeatOnTimeout
        /// The world carries out orders of processes of the past.
        case droppedFence
        /// A test job that failed, or did not end, is seen as one that passed.
        case trustedTests
        /// Whoever asks an idle slot hears the right answer, whatever it said.
        case trustedPreviews
    }

    /// What a run came to.
    package struct Report: Hashable, Sendable {
        package let seed: Int
        /// What broke the promise, the first first; empty when it held.
        package let violations: [String]
        /// Orders that changed the world.
        package let effects: Int
        package let restarts: Int
        package let faultKinds: Int
        /// What was done to the fleet and by it, one a line.
        package let story: [String]
        /// The audit log at the end.
        package let entries: [AuditEntry]
        /// The journal at the end.
        package let state: LedgerState
        /// The most questions and orders that one look sent to the world, for each lane.
        package let callsPerLane: Int
        /// Verdicts of rollouts that were judged again from the log.
        package let judged: Int
        /// What came of tests, previews and watches.
        package let releases: ReleaseCounts
    }

    /// Of so many seeds one is a life in which releases are judged.
    package static let judgedEvery = 8

    let seed: Int
    private let bug: Bug?
    var dice: Dice
    var shop: Shop
    let clock = ManualClock()
    /// The time of the world, which nobody sets.
    let worldTime = WorldTime()
    let world: SimulatedProvider
    let repository: MemoryRepository
    let witness: Witness
    private let limbo = Wire.Limbo()
    private(set) var ledger = MemoryLedger()
    private(set) var engine: Engine?
    /// Whether the process runs its loops, as `airlock run` does; else it looks when it is told to.
    let isRunning: Bool
    /// How the loops of the process ended.
    private var ending = Ending()
    /// The loops of every process of this life.
    private var loops: [Task<Void, Never>] = []
    private let executor: LifeExecutor
    private(set) var wire: Wire?
    /// An engine of a process that was replaced and does not know it.
    var stale: Engine?
    private var restarts = 0
    /// Requests of people so far.
    private var requests = 0
    private var callsPerLane = 0
    var faultKinds: Set<String> = []
    /// What happened, for a person who looks for a fault.
    let story: Story

    /// Lives the life of a seed; the same seed tells the same story.
    ///
    /// - Parameter isVerbose: Whether orders and ends of looks are told too.
    package static func live(
        seed: Int, bug: Bug? = nil, isVerbose: Bool = false
    ) async throws -> Report {
        let executor = LifeExecutor(seed: seed)
        let story = Story(isVerbose: isVerbose)
        do {
            return try await executor.run {
                let run = SeededRun(seed: seed, bug: bug, story: story, on: executor)
                defer { run.end() }
                return try await run.play()
            }
        } catch is LifeExecutor.StoodStill {
            return Report(
                seed: seed, violations: ["everything waits, and nothing will wake it"], effects: 0,
                restarts: 0, faultKinds: 0, story: story.lines, entries: [],
                state: MemoryLedger().durableState, callsPerLane: 0, judged: 0,
                releases: ReleaseCounts())
        }
    }

    private init(seed: Int, bug: Bug?, story: Story, on executor: LifeExecutor) {
        self.seed = seed
        self.story = story
        self.bug = bug
        self.executor = executor
        isRunning = seed % 3 == 1
        dice = Dice(seed: seed)
        let demands = ReleaseDemands(seed: seed)
        shop = Shop(
            &dice, isJudged: seed.isMultiple(of: Self.judgedEvery), demands: demands)
        let (clock, time) = (clock, worldTime)
        let isKeyless = seed % 5 == 4
        witness = Witness(isKeyless: isKeyless, demands: demands)
        world = SimulatedProvider(
            seed: UInt64(seed) + 1, dropsFence: bug == .droppedFence,
            ignoresIdempotency: isKeyless, on: executor, now: { time.now })
        repository = MemoryRepository(now: { clock.now().wall })
    }

    /// Lives through all steps, then lets everything come to rest.
    private func play() async throws -> Report {
        repository.commit(shop.files, subject: "first")
        try await start()
        try await tick()
        for step in steps() where witness.violations.isEmpty {
            note("\(step)")
            try await take(step)
            try await look()
        }
        if witness.violations.isEmpty { try await comeToRest() }
        let entries = ledger.durableEntries
        return Report(
            seed: seed, violations: witness.violations, effects: witness.appliedCount,
            restarts: restarts, faultKinds: faultKinds.count, story: story.lines,
            entries: entries, state: ledger.durableState, callsPerLane: callsPerLane,
            judged: witness.judgedCount, releases: ReleaseCounts(entries))
    }

    func note(_ what: String) { story.tell(what, at: worldTime.now) }

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
            repeatsOnTimeout: bug == .repeatOnTimeout, trustsTests: bug == .trustedTests,
            isRunning: isRunning, story: story, now: { clock.now().wall })
        self.wire = wire
        var settings = EngineSettings()
        settings.isParallel = isRunning
        settings.lanesAtOnce = isRunning ? dice.roll(1...4) : 1
        var parts = EngineParts(
            source: repository, ledger: ledger, providers: [.simulated: wire],
            signals: [
                .simulated: HostSignals(world: world, clock: clock, time: worldTime)
            ],
            secrets: world, behaviours: world, clock: clock,
            logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() },
            settings: settings)
        let prober: any Prober = bug == .trustedPreviews ? RightAnswers() : world
        parts.probers = [.simulated: prober]
        let fresh = try await Engine(parts: parts)
        engine?.stop()
        engine = fresh
        guard isRunning else { return }
        let ending = Ending()
        self.ending = ending
        loops.append(
            Task(executorPreference: executor) {
                do { try await fresh.run() } catch { ending.note(error) }
            })
    }

    /// Ends what would wait for a wake-up for ever, and keep the whole life in memory.
    private func end() { for loop in loops { loop.cancel() } }

    /// Lets the process look once; one that was killed while it looked is replaced by the next.
    @discardableResult
    func tick() async throws -> ReconcileSummary { try await go(on: true) }

    /// Lets the process go on, with or without another look.
    @discardableResult
    func go(on looks: Bool) async throws -> ReconcileSummary {
        guard let engine else { return ReconcileSummary() }
        let ended: Result<ReconcileSummary, EngineHalt>
        do throws(EngineHalt) {
            if isRunning {
                if looks { try await engine.look() }
                await executor.quiet()
                if let halt = ending.halt { throw halt }
                ended = .success(await engine.summary())
            } else {
                ended = .success(try await engine.tick())
            }
        } catch {
            ended = .failure(error)
        }
        switch ended {
        case .success(let summary):
            looked(summary)
            return summary
        case .failure(.noFleet): return ReconcileSummary(faults: ["no fleet"])
        case .failure(.ledger(MemoryLedger.crash)) where ledger.hasCrashed:
            note("killed")
            try await start()
            return try await tick()
        case .failure(let halt): throw halt
        }
    }

    private func looked(_ summary: ReconcileSummary) {
        story.detail(Self.phrase(summary), at: worldTime.now)
        let calls = wire?.takeCalls() ?? 0
        callsPerLane = max(callsPerLane, calls / max(1, shop.laneCount))
    }

    private static func phrase(_ summary: ReconcileSummary) -> String {
        let held = summary.held.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let commit = summary.commit?.short ?? "no commit"
        return "looked at \(commit); held: \(held.joined(separator: "; "))"
    }

    /// Asks the process for something, as a person does.
    func ask(_ call: ControlRequest.Call) async {
        requests += 1
        note("asks \(call)")
        _ = await engine?.handle(
            ControlRequest(id: "\(requests)", call: call), from: ControlPeer(uid: 1000, pid: 1))
    }

    /// Lets time pass in the world and on the clock.
    func pass(_ duration: Duration) {
        worldTime.advance(by: duration)
        clock.advance(by: duration)
    }

    /// Checks the world's record.
    func look() async throws {
        witness.absorb(try await world.deliveries())
        if shop.demands.watchedEnvironment != nil { try await checkReversals() }
    }
}

/// How the loops of one process ended.
final class Ending: Sendable {
    private let ended = Mutex<EngineHalt?>(nil)

    /// Nil while they run, and when they were told to end.
    var halt: EngineHalt? { ended.withLock { $0 } }

    func note(_ error: any Error) { ended.withLock { $0 = error as? EngineHalt } }
}

/// The time of the world: it passes, and nobody sets it.
final class WorldTime: Sendable {
    private let milliseconds = Mutex(1_767_225_600_000)

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    func advance(by duration: Duration) {
        milliseconds.withLock { $0 += duration.milliseconds }
    }
}
