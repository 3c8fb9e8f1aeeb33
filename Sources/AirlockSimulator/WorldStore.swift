import AirlockModel
import AirlockPorts

/// The world of one state directory: its state in memory, its records in the file.
///
/// Orders that arrive while one flush runs share the next.
actor WorldStore {
    /// An order that waits for its flush.
    private struct Waiting {
        let order: ActionOrder
        let continuation: CheckedContinuation<Result<OrderOutcome, ProviderError>, Never>
    }

    /// The most orders that share one flush.
    private static let largestBatch = 1_024

    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var world: World
    private let file: WorldFile?
    private let seed: UInt64
    private let now: @Sendable () -> Timestamp
    /// The latest time that anyone was told: it does not go back when the wall clock does.
    private var shown = Timestamp(milliseconds: 0)
    /// Whether the wall clock went back and no record says so yet.
    private var isSetBack = false
    private var waiting: [Waiting] = []
    private var isFlushing = false
    /// Flushes to disk since the start.
    private(set) var flushes = 0

    /// - Parameter path: Nil for a world in memory.
    /// - Parameter executor: Nil for a thread of its own, which may block.
    init(
        path: String?, seed: UInt64, bugs: World.PlantedBugs,
        executor: (any SerialExecutor)? = nil, now: @escaping @Sendable () -> Timestamp
    ) {
        self.executor = executor ?? BlockingExecutor(label: "airlock.simulator")
        world = World(bugs: bugs, keepsDeliveries: path == nil)
        file = path.map(WorldFile.init)
        self.seed = seed
        self.now = now
    }

    /// The world as it is now, with its time.
    func current() throws(ProviderError) -> (world: World, time: Timestamp) {
        do throws(WorldFile.Fault) {
            if let news = try file?.readNew() { take(news) }
        } catch {
            throw forget(after: error)
        }
        let time = currentTime()
        guard world.hasDue(at: time) else { return (world, time) }
        // Only a record moves the world itself: a reader's clock may be ahead of the next writer's.
        var settled = world
        settled.settleLate(until: time)
        return (settled, time)
    }

    /// Every order and what it came to, in order.
    ///
    /// A world in a file keeps them there alone, so that a long life costs no memory.
    func deliveries() throws(ProviderError) -> [Delivery] {
        let (world, time) = try current()
        if let kept = world.deliveries { return kept }
        guard let file else { return [] }
        var replayed = World(bugs: world.bugs, keepsDeliveries: true)
        do throws(WorldFile.Fault) {
            for record in try WorldFile(path: file.path).readNew().records {
                replayed.apply(record)
            }
        } catch {
            throw error.providerError
        }
        replayed.settleLate(until: time)
        return replayed.deliveries ?? []
    }

    /// How many orders reached a world in memory; none are counted of one in a file.
    var deliveryCount: Int { world.deliveries?.count ?? 0 }

    /// Delivers an order; returns when it is on disk.
    func deliver(_ order: ActionOrder) async throws(ProviderError) -> OrderOutcome {
        let result = await withCheckedContinuation { continuation in
            waiting.append(Waiting(order: order, continuation: continuation))
            if !isFlushing { flushNext() }
        }
        return try result.get()
    }

    /// Appends what `decide` makes of the world as it is now.
    func append(_ decide: (World, Timestamp) -> [WorldRecord.Event]) throws(ProviderError) {
        try write { world, time in
            let records = decide(world, time).map { WorldRecord(at: time, event: $0) }
            for record in records { world.apply(record) }
            return records
        }
    }

    /// Lets those who already wait join before the file is locked.
    private func flushNext() {
        isFlushing = true
        Task { flush() }
    }

    private func flush() {
        let batch = waiting.prefix(Self.largestBatch)
        waiting.removeFirst(batch.count)
        var outcomes: [OrderOutcome] = []
        do throws(ProviderError) {
            try write { world, time in
                var records: [WorldRecord] = []
                for waiting in batch {
                    outcomes.append(
                        OrderOutcome(of: waiting.order, in: &world, at: time, records: &records))
                }
                return records
            }
            for (waiting, outcome) in zip(batch, outcomes) {
                waiting.continuation.resume(returning: .success(outcome))
            }
        } catch {
            for waiting in batch { waiting.continuation.resume(returning: .failure(error)) }
        }
        if waiting.isEmpty { isFlushing = false } else { flushNext() }
    }

    /// Appends the records that `decide` made and applied.
    private func write(
        _ decide: (inout World, Timestamp) -> [WorldRecord]
    ) throws(ProviderError) {
        func records(_ news: WorldFile.News) -> [WorldRecord] {
            take(news)
            let time = currentTime()
            var first: [WorldRecord.Event] = []
            if world.seed == nil { first.append(.began(format: WorldRecord.format, seed: seed)) }
            if isSetBack { first.append(.clock(ahead: world.ahead)) }
            if world.hasDue(at: time) { first.append(.passed) }
            let records = first.map { WorldRecord(at: time, event: $0) }
            for record in records { world.apply(record) }
            return records + decide(&world, time)
        }
        guard let file else {
            _ = records(WorldFile.News())
            isSetBack = false
            return
        }
        do throws(WorldFile.Fault) {
            if try file.append(records) {
                flushes += 1
                isSetBack = false
            }
        } catch {
            throw forget(after: error)
        }
    }

    private func take(_ news: WorldFile.News) {
        if news.isAnotherFile {
            world = World(bugs: world.bugs)
            shown = Timestamp(milliseconds: 0)
            isSetBack = false
        }
        for record in news.records { world.apply(record) }
    }

    private func currentTime() -> Timestamp {
        let wall = now()
        if world.keepPace(atWall: wall, after: shown) { isSetBack = true }
        shown = max(shown, world.time(atWall: wall))
        return shown
    }

    /// The state in memory may be ahead of the file: it is read anew at the next question.
    private func forget(after fault: WorldFile.Fault) -> ProviderError {
        world = World(bugs: world.bugs)
        file?.rewind()
        return fault.providerError
    }
}
