import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import Synchronization

/// The way from one process to the world: it watches what goes over it, and can lose a process.
final class Wire: Provider {
    /// Orders of processes that are gone, still under way to the world.
    final class Limbo: Sendable {
        private let orders = Mutex<[ActionOrder]>([])
        func add(_ order: ActionOrder) { orders.withLock { $0.append(order) } }
        func takeAll() -> [ActionOrder] {
            orders.withLock { orders in
                defer { orders = [] }
                return orders
            }
        }
    }

    private struct State {
        /// The order, counted from 1, at which the process stops to exist; nil for none.
        var stallsAt: Int?
        var orders = 0
        /// Questions and orders since someone last counted.
        var calls = 0
    }

    private let world: SimulatedProvider
    private let ledger: MemoryLedger
    private let witness: Witness
    private let limbo: Limbo
    private let repository: MemoryRepository
    /// A bug that is built in: a careless retry below the engine.
    private let repeatsOnTimeout: Bool
    /// A bug that is built in: a reader that takes every end of a test job for a pass.
    private let trustsTests: Bool
    /// Whether the process runs its loops.
    private let isRunning: Bool
    private let story: Story
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    init(
        world: SimulatedProvider, ledger: MemoryLedger, witness: Witness, limbo: Limbo,
        repository: MemoryRepository, repeatsOnTimeout: Bool, trustsTests: Bool,
        isRunning: Bool, story: Story,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.world = world
        self.ledger = ledger
        self.witness = witness
        self.limbo = limbo
        self.repository = repository
        self.repeatsOnTimeout = repeatsOnTimeout
        self.trustsTests = trustsTests
        self.isRunning = isRunning
        self.story = story
        self.now = now
    }

    /// Kills the process while its next order but `count` is on the way; it arrives after the next
    /// process has claimed.
    func stall(after count: Int) {
        state.withLock { $0.stallsAt = $0.orders + 1 + count }
    }

    /// Questions and orders since the last count.
    func takeCalls() -> Int {
        state.withLock { state in
            defer { state.calls = 0 }
            return state.calls
        }
    }

    func capabilities(of environment: EnvironmentName) -> Set<Capability> {
        world.capabilities(of: environment)
    }

    func observe(
        _ environment: EnvironmentName, of fleet: FleetName, lanes: Set<LaneID>?,
        since revision: ProviderRevision?
    ) async throws(ProviderError) -> ObservationAnswer {
        state.withLock { $0.calls += 1 }
        let answer = try await world.observe(
            environment, of: fleet, lanes: lanes, since: revision)
        guard trustsTests, case .observed(let observation) = answer else { return answer }
        return .observed(observation.withTestsPassed)
    }

    func claim(
        _ environment: EnvironmentName, of fleet: FleetName, for claim: Claim, takeOver: Bool
    ) async throws(ProviderError) -> Claim {
        let (taken, earlier) = try await world.claimCounting(
            environment, of: fleet, for: claim, takeOver: takeOver)
        // What was late may have come due on the way to the claim: it was carried out before it.
        witness.absorb(Array(try await world.deliveries().prefix(earlier)))
        witness.saw(claim: taken, in: environment)
        for order in limbo.takeAll() {
            guard order.lane.environment == environment else {
                limbo.add(order)
                continue
            }
            do { _ = try await world.perform(order) } catch { continue }
        }
        witness.absorb(try await world.deliveries())
        return taken
    }

    func perform(_ order: ActionOrder) async throws(ProviderError) -> Receipt {
        let before = try await lane(order)
        witness.watch(order, in: before, durable: ledger, at: now())
        let isLast = state.withLock { state in
            state.orders += 1
            state.calls += 1
            return state.stallsAt.map { state.orders >= $0 } ?? false
        }
        if isLast {
            limbo.add(order)
            story.tell("killed while an order is under way: \(order.phrase)", at: now())
            ledger.inject(MemoryLedger.Crash(commit: ledger.commits + 1, point: .beforeWrite))
            throw .noAnswer("the process is gone")
        }
        let result: Result<Receipt, ProviderError>
        do throws(ProviderError) {
            result = .success(try await world.perform(order))
            story.detail("\(order.phrase): done", at: now())
        } catch {
            result = .failure(error)
            story.detail("\(order.phrase): \(error)", at: now())
            if repeatsOnTimeout, error.isOutcomeUnknown { await sendAgain(order) }
        }
        let after = try await lane(order)
        if let before, let after, !before.serving.isEmpty, after.serving.isEmpty,
            order.action.canEndService, !mayEndService(order, before)
        {
            witness.accuse("it left \(order.lane) without a slot that serves: \(order.phrase)")
        }
        return try result.get()
    }

    private func sendAgain(_ order: ActionOrder) async {
        let key = ActionKey(
            ledger: order.claim.ledger, operation: order.operation, step: -1, action: order.action)
        let again = ActionOrder(
            key: key, claim: order.claim, fleet: order.fleet, lane: order.lane,
            change: order.change, operation: order.operation, action: order.action)
        do { _ = try await world.perform(again) } catch { return }
    }

    /// What the world has in the order's lane; nil where it cannot be asked.
    private func lane(_ order: ActionOrder) async throws(ProviderError) -> LaneObservation? {
        do {
            let answer = try await world.observe(
                order.lane.environment, of: order.fleet, lanes: [order.lane], since: nil)
            guard case .observed(let observation) = answer else { return nil }
            return observation.lanes[order.lane] ?? LaneObservation(lane: order.lane)
        } catch {
            guard error.isOutcomeUnknown else { throw error }
            return nil
        }
    }

    /// Whether the lane may be left without service: git removed it, it never settled, or what serves
    /// was edited by hand.
    private func mayEndService(_ order: ActionOrder, _ before: LaneObservation) -> Bool {
        if before.slots.contains(where: \.isEdited) { return true }
        let (isSettled, heads, cause) = ledger.durable { state, _ in
            (
                state.lanes[order.lane]?.settled != nil,
                [state.head, state.rewrite?.kept].compactMap { $0?.commit.id },
                state.operations[order.operation]?.commit
            )
        }
        guard isSettled else { return true }
        let path = "services/\(order.lane.unit.name)/\(order.lane.environment).yaml"
        func lacks(_ commit: CommitID) -> Bool { repository.files(of: commit)[path] == nil }
        func removes(_ commit: CommitID) -> Bool {
            lacks(commit)
                && repository.files(of: commit).keys.contains { $0.hasPrefix("services/") }
        }
        guard let cause, lacks(cause) else { return false }
        // It lost all services, and a head brought back the others alone.
        guard removes(cause) else { return !heads.isEmpty && heads.allSatisfy(removes) }
        // While a rewrite waits, production follows the commit from before it.
        // Loops that run may have an order on its way when the next head is accepted.
        return isRunning || heads.contains(where: removes)
    }

    func isPresent(
        _ artifact: ArtifactReference, in environment: EnvironmentName
    ) async throws(ProviderError) -> Bool {
        try await world.isPresent(artifact, in: environment)
    }
}

/// The bug of a prober that takes whatever it hears for the right answer.
struct RightAnswers: Prober {
    func answer(to probe: Probe) async -> ProbeAnswer {
        .status(probe.check.expect, after: .milliseconds(1))
    }
}

extension Action {
    /// Whether it can take service away. Beside loops that run, time passes between the looks before and after an
    /// order, in which instances may die.
    fileprivate var canEndService: Bool {
        switch self {
        case .start, .readmit, .run: false
        case .scale, .route, .stop, .restart, .replace, .eject: true
        }
    }
}

extension Observation {
    /// The same with each job that ended as one that passed.
    fileprivate var withTestsPassed: Observation {
        Observation(
            environment: environment, revision: revision, claim: claim,
            lanes: lanes.mapValues { lane in
                LaneObservation(
                    lane: lane.lane, slots: lane.slots, weights: lane.weights,
                    jobs: lane.jobs.map { job in
                        JobObservation(
                            id: job.id, slot: job.slot,
                            phase: job.phase.isEnd ? .passed : job.phase)
                    })
            }, until: until)
    }
}
