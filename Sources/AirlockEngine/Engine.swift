package import AirlockModel
import AirlockPlan
import AirlockPorts
import Logging
import ServiceLifecycle

/// Runs the straight line: follows git, reconciles each environment, answers control requests.
package actor Engine: Service {
    /// How long a process that was told to end may finish or park what it is doing.
    package static let shutdownLimit = Duration.seconds(10)
    /// How long the first look at the remote may take before what was in force is taken up without it.
    package static let firstLookLimit = Duration.seconds(10)

    let parts: EngineParts
    let books: Books
    let keeper: SourceKeeper
    private let copier: LogCopier?
    private let reverts: RevertOffers?
    private let desk: AlertDesk?
    var reconcilers: [EnvironmentName: EnvironmentReconciler] = [:]
    private let started: Timestamp
    private var lastTick: Timestamp?
    private var isRunning = false
    /// One freeze, thaw or retry at a time: what the engine remembers of them comes in the order in which
    /// the ledger took them.
    let steering = Turns()
    var clock: any AirlockClock { parts.clock }
    private var isStopped = false
    private var halted: EngineHalt?
    private let signals: AsyncStream<Signal>
    private nonisolated let signal: AsyncStream<Signal>.Continuation

    /// How a task of the running engine ended.
    private enum Child: Sendable {
        /// A reconciler, or what is told and offered before the end; it is waited for.
        case worker
        /// Following the branch or copying checkpoints; it is cut short wherever it is.
        case follower
        case limit
    }

    /// What turns the running engine.
    private enum Signal: Sendable {
        case spawn(EnvironmentReconciler)
        case stop
        case halt(EngineHalt)
    }

    /// Reads the journal and records the start.
    package init(parts: EngineParts) async throws(EngineHalt) {
        self.parts = parts
        do { books = try await Books(ledger: parts.ledger, at: parts.clock.now()) } catch {
            throw .ledger(error)
        }
        if let asked = parts.settings.trustRoot, let pinned = await books.state.trustRoot,
            asked != pinned
        {
            throw .otherRoot(pinned: pinned, asked: asked)
        }
        keeper = SourceKeeper(parts: parts, books: books)
        copier = parts.copy.map { LogCopier($0, clock: parts.clock, logger: parts.logger) }
        reverts = parts.reverts.map { [books, keeper] in
            RevertOffers($0, parts: parts, books: books, keeper: keeper)
        }
        desk =
            parts.notifiers.isEmpty
            ? nil : AlertDesk(parts.notifiers, clock: parts.clock, logger: parts.logger)
        started = parts.clock.now().wall
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        let entry = AuditDraft(
            kind: .started, time: started, actor: parts.settings.actor, outcome: "started",
            detail: [
                "version": parts.settings.version, "epoch": parts.ledger.claim.epoch.description,
            ].merging(parts.settings.mended) { $1 })
        await books.announce(entry)
        if parts.settings.poll != nil || !parts.settings.mended.isEmpty {
            try await books.tellAnnounced()
        }
    }

    /// One look at git and every engine, and all that follows from it without waiting.
    ///
    /// - Throws: ``EngineHalt``. An environment that fails is told in the summary.
    package func tick() async throws(EngineHalt) -> ReconcileSummary {
        let mark = await mark()
        _ = try await keeper.refresh()
        try await publish()
        let all = inOrder
        // What one environment came to may set others going that had come to rest, along the order.
        for _ in 0...all.count {
            if parts.settings.isParallel {
                try await together(all)
            } else {
                for reconciler in all { try await reconciler.run(.untilIdle) }
            }
            guard await isAnyStale(all) else { break }
        }
        try await pageForStop()
        lastTick = parts.clock.now().wall
        return await summary(since: mark)
    }

    private func isAnyStale(_ all: [EnvironmentReconciler]) async -> Bool {
        for reconciler in all where await reconciler.status.isStale { return true }
        return false
    }

    /// When something may turn by itself, as far as is known; nil when nothing will.
    package func due() async -> Timestamp? {
        var due: [Timestamp] = []
        for reconciler in inOrder {
            if let next = await reconciler.status.due(at: parts.clock.now()) { due.append(next) }
        }
        return due.min()
    }

    /// Plans that were made and not remembered, since the start.
    package func plansMade() async -> Int {
        var sum = 0
        for reconciler in inOrder { sum += await reconciler.plansMade }
        return sum
    }

    /// Runs until the process is told to end: finishes or parks what is under way, then returns.
    package func run() async throws {
        isRunning = true
        defer { isRunning = false }
        let halt: EngineHalt? = await withGracefulShutdownHandler {
            await withTaskGroup(of: Child.self) { await self.supervise(in: &$0) }
        } onGracefulShutdown: {
            self.signal.yield(.stop)
        }
        if let halt { throw halt }
        try await books.writeRemembered()
    }

    /// Starts what the signals ask for until one says to stop, then waits for what is under way.
    private func supervise(in group: inout TaskGroup<Child>) async -> EngineHalt? {
        var working = 0
        // One that came up just now is both known and announced.
        var known: Set<EnvironmentName> = []
        group.addTask { await self.follow() }
        group.addTask { await self.resumeMeanwhile() }
        if let copier {
            group.addTask {
                await copier.run()
                return .follower
            }
        }
        if let reverts {
            group.addTask {
                await reverts.run()
                return .follower
            }
        }
        if let desk {
            group.addTask {
                await desk.run { await self.standing() }
                return .follower
            }
        }
        for reconciler in inOrder where known.insert(reconciler.name).inserted {
            working += 1
            group.addTask { await self.runForever(reconciler) }
        }
        supervising: for await signal in signals {
            switch signal {
            case .spawn(let reconciler):
                guard known.insert(reconciler.name).inserted else { continue }
                working += 1
                group.addTask { await self.runForever(reconciler) }
            case .stop: break supervising
            case .halt(let first):
                halted = halted ?? first
                break supervising
            }
        }
        isStopped = true
        for reconciler in inOrder { reconciler.stop() }
        let clock = parts.clock
        group.addTask {
            do { try await clock.sleep(for: Engine.shutdownLimit) } catch { return .limit }
            return .limit
        }
        var hasSpoken = false
        waiting: while true {
            if working == 0, !hasSpoken {
                hasSpoken = true
                // Who halts may not speak for the fleet any more.
                if halted == nil { working = speakLast(in: &group) }
            }
            guard working > 0, let child = await group.next() else { break }
            switch child {
            case .worker: working -= 1
            case .follower: continue
            case .limit: break waiting
            }
        }
        group.cancelAll()
        await copier?.copyLast()
        return halted
    }

    private func runForever(_ reconciler: EnvironmentReconciler) async -> Child {
        do throws(EngineHalt) { try await reconciler.run(.forever) } catch {
            // It may come when the loops are told to stop, and nobody listens for it any more.
            halted = halted ?? error
            signal.yield(.halt(error))
        }
        return .worker
    }

    /// Offers the reverts and tells the alerts that came up since the start: a process that brings one commit
    /// out would else end before anybody hears what became of it.
    ///
    /// - Returns: How many do so.
    private func speakLast(in group: inout TaskGroup<Child>) -> Int {
        if let reverts {
            group.addTask {
                await reverts.offerDue()
                return .worker
            }
        }
        if let desk {
            let started = started
            group.addTask {
                await desk.tellLast(since: started) { await self.standing() }
                return .worker
            }
        }
        return (reverts == nil ? 0 : 1) + (desk == nil ? 0 : 1)
    }

    /// Tells ``run()`` to end.
    package nonisolated func stop() { signal.yield(.stop) }

    // MARK: Parts of the loop

    /// The reconcilers by name, so that what is done to all is done in the same order each time.
    /// Nothing waits for them in an order that another process would not have: a simulated life has to be the same again.
    var inOrder: [EnvironmentReconciler] { reconcilers.values.sorted { $0.name < $1.name } }

    private func together(_ all: [EnvironmentReconciler]) async throws(EngineHalt) {
        let halts = await withTaskGroup(of: EngineHalt?.self) { group in
            for reconciler in all {
                group.addTask {
                    do throws(EngineHalt) { try await reconciler.run(.untilIdle) } catch {
                        return error
                    }
                    return nil
                }
            }
            return await group.reduce(into: [EngineHalt]()) { all, halt in
                if let halt { all.append(halt) }
            }
        }
        if let first = halts.first { throw first }
    }

    /// Hands the fleet in force to the environments, with a reconciler for each.
    func publish() async throws(EngineHalt) {
        guard await keeper.accepted != nil else {
            let faults = await keeper.faults
            throw .noFleet(
                faults.isEmpty ? "nothing was fetched yet" : faults.joined(separator: "; "))
        }
        // Also those that the fleet does not name any more, so that none goes on with an old one.
        for name in await keeper.environments.union(reconcilers.keys).sorted() {
            guard let fleet = await keeper.fleet(for: name) else { continue }
            await reconciler(for: name).take(fleet)
        }
    }

    func reconciler(for name: EnvironmentName) -> EnvironmentReconciler {
        if let known = reconcilers[name] { return known }
        let fresh = EnvironmentReconciler(
            name: name, parts: parts, books: books, keeper: keeper, reverts: reverts,
            wakeAll: { [weak self] in await self?.wakeAll() })
        reconcilers[name] = fresh
        if isRunning { signal.yield(.spawn(fresh)) }
        return fresh
    }

    /// Polls the remote until cancelled.
    private func follow() async -> Child {
        guard let poll = parts.settings.poll else { return .follower }
        while !isStopped {
            do throws(EngineHalt) {
                try await pageForStop()
                try await look()
            } catch {
                guard case .noFleet(let why) = error else {
                    signal.yield(.halt(error))
                    return .follower
                }
                parts.logger.warning("no fleet yet", metadata: ["reason": "\(why)"])
            }
            do { try await parts.clock.sleep(for: poll) } catch { break }
        }
        return .follower
    }

    /// After a start: a remote that takes its time keeps nobody from what was in force before.
    private func resumeMeanwhile() async -> Child {
        do { try await parts.clock.sleep(for: Self.firstLookLimit) } catch { return .follower }
        do throws(EngineHalt) {
            if try await keeper.resumeMeanwhile() { try await publish() }
        } catch {
            signal.yield(.halt(error))
        }
        return .follower
    }

    /// Fetches and wakes every environment, without waiting for what they do.
    package func look() async throws(EngineHalt) {
        _ = try await keeper.refresh()
        // Also when another look at the same time fetched the commit: whoever asked for this one goes
        // on only when every environment has it.
        try await publish()
        noteLook()
    }

    /// Notes for `status` that git was just looked at.
    func noteLook() { lastTick = parts.clock.now().wall }

    // MARK: Telling

    /// A point in the work of every environment, from which ``summary(since:)`` tells.
    func mark() async -> [EnvironmentName: Int] {
        var mark: [EnvironmentName: Int] = [:]
        for reconciler in inOrder {
            mark[reconciler.name] = await reconciler.status.endingCount
        }
        return mark
    }

    /// What came of the work since `mark`, or since the start.
    package func summary(since mark: [EnvironmentName: Int] = [:]) async -> ReconcileSummary {
        var summary = ReconcileSummary(commit: await keeper.accepted?.id)
        summary.diagnostics = await keeper.accepted?.diagnostics ?? []
        summary.faults += await keeper.faults
        for reconciler in inOrder {
            let name = reconciler.name
            summary.add(
                await reconciler.status, of: name, since: mark[name] ?? 0,
                waits: await books.waits(in: name, under: await keeper.fleet(for: name)?.fleet))
        }
        summary.tellWaiting()
        return summary
    }

    /// How the process is, for `status` and `doctor`.
    func health() async -> HolderHealth {
        var faults = await keeper.faults + [await copier?.fault].compactMap(\.self)
        for reconciler in inOrder {
            if let fault = await reconciler.status.fault {
                faults.append("\(reconciler.name): \(fault)")
            }
        }
        return HolderHealth(
            pid: parts.settings.pid, since: started, lastTick: lastTick,
            head: await keeper.accepted?.id,
            fetched: await keeper.fetched?.fetched, faults: faults)
    }
}
