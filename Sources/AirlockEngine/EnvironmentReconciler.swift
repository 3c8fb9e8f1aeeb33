import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockRollout
import AirlockTrust
import Logging
import Synchronization

/// Reconciles one environment; a slow or broken one holds up no other.
///
/// A pass observes, plans and hands out lanes. Lanes are worked on side by side under a bound, and the
/// next pass does not wait for a lane that hangs.
actor EnvironmentReconciler {
    /// How many times its own cost a pass is followed by other work.
    private static let passShare = 10
    /// How old an observation may be from which an action follows, in milliseconds.
    private static let freshness = 1_000
    /// The least time between two passes that only time asks for.
    private static let passSpacing = Duration.milliseconds(100)

    /// How the loop ends.
    enum Mode { case untilIdle, forever }

    /// A lane that is to be worked on; nil for one that has to be looked at first.
    typealias Errand = (
        lane: LaneID, assignment: Assignment, observed: LaneObservation?
    )

    /// What wakes the loop.
    private enum Event: Sendable {
        case wake
        /// A lane's rest is over, or an answer of a gate may have turned.
        case due
        case visited(LaneID, Result<VisitEnd, EngineHalt>)
        case watched([PromotionWatcher.Finding])
    }

    nonisolated let name: EnvironmentName
    let parts: EngineParts
    let books: Books
    let keeper: SourceKeeper
    private let reverts: RevertOffers?
    /// Wakes every environment.
    let wakeAll: @Sendable () async -> Void
    private let events: AsyncStream<Event>
    private let announce: AsyncStream<Event>.Continuation
    private let stopping = Mutex(false)

    var accepted: AcceptedFleet?
    /// What was in force since the wishes of git were written down last, the newest last; at most eight.
    var replaced: [FleetSlice] = []
    var claimed: Claim?
    var observation: Observation?
    var standing: StandingPlan
    var memo: PlanMemo?
    /// Lanes that the fleet or the provider changed since the plan was brought up to date.
    var touchedByFleet = TouchedLanes.all
    var touchedByObservation = TouchedLanes.all
    /// Lanes in which something may run that the ledger has never seen.
    var toAdopt = TouchedLanes.all
    /// The secrets that the fleet with that number names.
    var namedSecrets: (fleet: Int, names: Set<SecretName>) = (0, [])
    /// What lanes serve whose canary waits to begin.
    var traffic: [LaneID: MeasuredTraffic] = [:]
    /// Plans that were made and not remembered, since the start.
    var plansMade = 0
    var inFlight: Set<LaneID> = []
    /// Lanes to hand out; a slice, because taking the first of an array moves all the others.
    var queue: ArraySlice<Errand> = []
    /// What was seen of instances lately.
    var healing = HealingWatch()
    private var backoffs: [LaneID: Backoff] = [:]
    private var finishedSincePass = 0
    /// Monotonic milliseconds before which no pass is made that can wait.
    private var nextPass = 0
    /// Whether something from outside asks for a pass, however many lanes are under way.
    private var isUrgent = false
    private var isLooping = false
    /// Monotonic milliseconds at which timers fire that are under way.
    private var timers: Set<Int> = []
    /// Monotonic milliseconds of the pass that lined up the queue.
    private var queued = 0

    /// What the last pass came to.
    var status = EnvironmentStatus()
    private var isPassing = false
    /// Lanes that are watched after a change, and what watches them.
    var promoted = PromotedLanes()
    private let watcher = PromotionWatcher()

    init(
        name: EnvironmentName, parts: EngineParts, books: Books, keeper: SourceKeeper,
        reverts: RevertOffers?, wakeAll: @escaping @Sendable () async -> Void
    ) {
        (self.name, self.reverts, self.wakeAll) = (name, reverts, wakeAll)
        standing = StandingPlan(environment: name)
        self.parts = parts
        self.books = books
        self.keeper = keeper
        (events, announce) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Puts another fleet in force and looks at everything again.
    func take(_ fleet: AcceptedFleet) {
        // Two looks may hand over at the same time; the older one changes nothing.
        let current = accepted?.revision ?? 0
        if fleet.revision > current {
            touchedByFleet.formUnion(fleet.follows == current ? fleet.touched(in: name) : .all)
            if let old = accepted?.slices[name] { replaced = Array((replaced + [old]).suffix(8)) }
            accepted = fleet
        }
        wake()
    }

    /// Looks at everything again: now when the loop runs, else when it runs next.
    func wake() {
        status.isStale = true
        if isLooping { announce.yield(.wake) }
    }

    /// Stops handing out lanes; lanes under way stop before their next action.
    nonisolated func stop() {
        stopping.withLock { $0 = true }
        announce.yield(.wake)
    }

    private nonisolated var isStopping: Bool { stopping.withLock { $0 } }

    /// Runs passes and lanes until nothing can be done now, or until stopped.
    func run(_ mode: Mode) async throws(EngineHalt) {
        // Discarding, because a group that keeps results would grow with every visit.
        let halt = await withDiscardingTaskGroup { group -> EngineHalt? in
            let halt = await self.loop(mode, in: &group)
            group.cancelAll()
            return halt
        }
        if let halt { throw halt }
    }

    private func loop(_ mode: Mode, in group: inout DiscardingTaskGroup) async -> EngineHalt? {
        isLooping = true
        defer { isLooping = false }
        var iterator = events.makeAsyncIterator()
        status.isStale = true
        while true {
            if isPassDue {
                do { try await pass() } catch { return error }
            }
            handOut(in: &group)
            if let records = await recordsToWatch() { watch(records, in: &group) }
            if inFlight.isEmpty, queue.isEmpty, !promoted.isLooking {
                if isStopping { return nil }
                if !status.isStale {
                    if mode == .untilIdle { return nil }
                    armTimer(in: &group)
                } else {
                    continue
                }
            } else if mode == .forever {
                armTimer(in: &group)
            }
            guard let event = await iterator.next(isolation: self) else { return nil }
            switch event {
            case .wake:
                status.isStale = true
                isUrgent = true
            case .due: await takeUpRested()
            case .visited(let lane, .success(let end)):
                note(lane, end)
                await tellOthers(of: lane, end)
            case .visited(_, .failure(let halt)): return halt
            case .watched(let found): do { try await take(found) } catch { return error }
            }
        }
    }

    /// A pass costs as much as the environment is large. One that only lanes which came back ask for
    /// waits until ten times the cost of the last one has gone by; one for which something outside asks
    /// waits for nothing.
    private var isPassDue: Bool {
        guard status.isStale, !isStopping else { return false }
        if isUrgent { return true }
        guard queue.isEmpty else { return false }
        return inFlight.isEmpty || parts.clock.now().monotonicMilliseconds >= nextPass
    }

    private func handOut(in group: inout DiscardingTaskGroup) {
        while inFlight.count < parts.settings.lanesAtOnce, !isStopping,
            let next = queue.popFirst()
        {
            guard !inFlight.contains(next.lane), let worker = worker(for: next.lane) else {
                continue
            }
            inFlight.insert(next.lane)
            let announce = announce
            let known = isFresh(next.observed) ? next.observed : nil
            group.addTask {
                do throws(EngineHalt) {
                    let end = try await worker.visit(next.assignment, observed: known)
                    announce.yield(.visited(next.lane, .success(end)))
                } catch {
                    announce.yield(.visited(next.lane, .failure(error)))
                }
            }
        }
        if isStopping { queue.removeAll() }
    }

    private func watch(_ records: [LaneRecord], in group: inout DiscardingTaskGroup) {
        let (announce, watcher) = (self.announce, self.watcher)
        let sources = sources(for: records)
        let now = parts.clock.now()
        group.addTask {
            let found = await watcher.look(at: records, sources: sources, now: now)
            announce.yield(.watched(found))
        }
    }

    /// Whether what the pass saw may still be acted on: a lane that waited long for its turn is looked at
    /// again. Where nothing ran, nothing can have failed meanwhile.
    private func isFresh(_ observed: LaneObservation?) -> Bool {
        guard let observed, !observed.slots.isEmpty else { return true }
        return parts.clock.now().monotonicMilliseconds - queued < Self.freshness
    }

    private func worker(for lane: LaneID) -> LaneWorker? {
        guard let accepted, let provider, let tier, let claimed else { return nil }
        let desired = readable(lane)
        let release = desired?.release
        // What cannot be read may ask for anything.
        let isUnread = accepted.slices[name]?.isUnread(lane) ?? true
        return LaneWorker(
            lane: lane, tier: tier, fleet: accepted.fleet.name, claim: claimed, books: books,
            provider: provider, signals: signals(of: lane), prober: prober, reverts: reverts,
            desired: desired, wish: isUnread ? nil : release?.rollout ?? .proceed,
            watchWish: release?.watch, group: standing.group(of: lane),
            clock: parts.clock, logger: parts.logger,
            isStopping: { [weak self] in self?.isStopping ?? true })
    }

    private func note(_ lane: LaneID, _ end: VisitEnd) {
        inFlight.remove(lane)
        finishedSincePass += 1
        let now = parts.clock.now()
        switch end {
        case .ended(let outcome, let work):
            backoffs[lane] = nil
            promoted.lanes?.insert(lane)
            status.note(failure: nil, of: lane, at: now)
            status.note(outcome, of: work, in: lane)
            status.isStale = true
        case .waiting(let rest):
            backoffs[lane] = nil
            status.note(failure: nil, of: lane, at: now)
            status.rests[lane] = now.monotonicMilliseconds + rest.milliseconds
        case .failed(let reason):
            backoffs[lane, default: Backoff()].fail(lane: lane, now: now)
            let rest = backoffs[lane]?.rest(now: now) ?? .seconds(1)
            status.rests[lane] = now.monotonicMilliseconds + rest.milliseconds
            status.note(failure: reason, of: lane, at: now)
            parts.logger.warning(
                "lane rests",
                metadata: ["lane": "\(lane)", "for": "\(rest)", "reason": "\(reason)"])
        case .yielded: status.isStale = true
        }
    }

    // MARK: Waiting

    /// Wakes the loop when something is due.
    private func armTimer(in group: inout DiscardingTaskGroup) {
        let now = parts.clock.now()
        var rests = status.due(at: now).map { [$0 - now.wall] } ?? []
        if status.isStale { rests.append(.milliseconds(nextPass - now.monotonicMilliseconds)) }
        if let rest = promoted.rest(at: now) { rests.append(rest) }
        guard let soonest = rests.min() else { return }
        let rest = max(Self.passSpacing, soonest)
        let due = now.monotonicMilliseconds + rest.milliseconds
        guard !timers.contains(where: { $0 <= due }) else { return }
        timers.insert(due)
        let clock = parts.clock
        group.addTask { [weak self] in
            do { try await clock.sleep(for: rest) } catch { return }
            await self?.timerFired(due)
        }
    }

    private func timerFired(_ due: Int) {
        timers.remove(due)
        announce.yield(.due)
    }

    /// Goes on with lanes whose rest is over, without a pass over the whole environment where the last one
    /// wanted just that and every intent has its end.
    private func takeUpRested() async {
        let now = parts.clock.now()
        guard !status.isPassDue(at: now) else {
            status.isStale = true
            isUrgent = true
            return
        }
        // A lane that rests is in no queue: only a visit lets it rest, and a pass hands out no lane that does.
        for lane in status.rested(at: now) where !inFlight.contains(lane) {
            status.rests[lane] = nil
            if let operation = await books.operation(openIn: lane), goesOn(operation),
                await !books.hasOpenIntent(in: lane)
            {
                queue.append((lane, .resume(operation.number), nil))
            } else {
                (status.isStale, isUrgent) = (true, true)
            }
        }
    }

    /// Whether the last plan wants that operation to go on: git may have moved since it was opened.
    private func goesOn(_ operation: OperationRecord) -> Bool {
        standing.lanes[operation.lane]?.goesOn(operation) == true
    }

    func setFault(_ fault: String?) { status.fault = fault }

    /// Whether nothing can be done now.
    var isIdle: Bool { !status.isStale && !isPassing && inFlight.isEmpty && queue.isEmpty }

    // MARK: Passes

    private func pass() async throws(EngineHalt) {
        // Until the pass is over, what is known is still that of the pass before.
        isPassing = true
        defer { isPassing = false }
        status.isStale = false
        isUrgent = false
        finishedSincePass = 0
        let stopwatch = Stopwatch()
        let now = parts.clock.now()
        status.rests = status.rests.filter { $0.value > now.monotonicMilliseconds }
        try await rememberWishes()
        try await rememberDescription()
        let plans = try await plan(at: now)
        let open = standing.lanes.values.sorted { $0.lane < $1.lane }
        status.take(
            open, until: standing.until, leavingOut: Set(open.filter(isLeftOut).map(\.lane)),
            at: now)
        try await record(plans, at: now.wall)
        queue = await assignments(of: open, at: now)
        queue += try await heals(at: now)
        queued = now.monotonicMilliseconds
        parts.logger.debug(
            "passed",
            metadata: [
                "environment": "\(name)", "lanes": "\(plans.count)",
                "microseconds": "\(stopwatch.elapsed.microseconds)",
            ])
        let end = parts.clock.now()
        nextPass =
            end.monotonicMilliseconds
            + Self.passShare * end.elapsed(since: now).milliseconds
    }

    private func assignments(
        of plans: [LanePlan], at now: Moment
    ) async -> ArraySlice<Errand> {
        guard !plans.isEmpty else { return [] }
        let state = await books.state
        var work: ArraySlice<Errand> = []
        for lane in plans {
            guard !inFlight.contains(lane.lane), status.rests[lane.lane] == nil,
                let assignment = await assignment(of: lane, state: state)
            else { continue }
            // What nobody observed is looked at first.
            let observed = observation.map {
                $0.lanes[lane.lane] ?? LaneObservation(lane: lane.lane)
            }
            work.append((lane.lane, assignment, observed))
        }
        return work
    }
}
