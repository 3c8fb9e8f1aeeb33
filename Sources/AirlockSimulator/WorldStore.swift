import AirlockModel
import AirlockPorts

/// The world of one state directory: its state in memory, its records in the file.
///
/// Orders that arrive while one flush runs share the next.
actor WorldStore {
    /// An order that waits for its flush.
    private struct Waiting {
        let order: ActionOrder
        let continuation: CheckedContinuation<Result<Answer, ProviderError>, Never>
    }

    /// What a delivered order came to, and whether the answer gets through.
    struct Answer: Sendable {
        let effect: Delivery.Effect
        let isLost: Bool
    }

    private let executor = BlockingExecutor(label: "airlock.simulator")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var world: World
    private let file: WorldFile?
    private let seed: UInt64
    private let now: @Sendable () -> Timestamp
    private var waiting: [Waiting] = []
    private var isFlushing = false
    /// What was answered last, by environment.
    var lastObserved: [EnvironmentName: Observed] = [:]
    /// Flushes to disk since the start.
    private(set) var flushes = 0

    init(
        path: String?, seed: UInt64, bugs: World.PlantedBugs,
        now: @escaping @Sendable () -> Timestamp
    ) {
        world = World(bugs: bugs)
        file = path.map(WorldFile.init)
        self.seed = seed
        self.now = now
    }

    /// The world as it is now, with its time.
    func current() throws(ProviderError) -> (world: World, time: Timestamp) {
        do throws(WorldFile.Fault) {
            for record in try file?.readNew() ?? [] { world.apply(record) }
        } catch {
            throw .refused("\(error)")
        }
        let time = world.time(atWall: now())
        world.settlePending(until: time)
        return (world, time)
    }

    /// Delivers an order; returns when it is on disk.
    func deliver(_ order: ActionOrder) async throws(ProviderError) -> Answer {
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
        executor.after { [self] in assumeIsolated { $0.flush() } }
    }

    private func flush() {
        let batch = waiting
        waiting = []
        var answers: [Answer] = []
        do throws(ProviderError) {
            try write { world, time in
                var records: [WorldRecord] = []
                for waiting in batch {
                    let (answer, deliveries) = Self.outcome(of: waiting.order, in: world, time)
                    answers.append(answer)
                    for delivery in deliveries {
                        let record = WorldRecord(at: time, event: .delivery(delivery))
                        world.apply(record)
                        records.append(record)
                    }
                }
                return records
            }
            for (waiting, answer) in zip(batch, answers) {
                waiting.continuation.resume(returning: .success(answer))
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
        func records(_ news: [WorldRecord]) -> [WorldRecord] {
            for record in news { world.apply(record) }
            let time = world.time(atWall: now())
            var records: [WorldRecord] = []
            if world.isNew {
                records.append(WorldRecord(at: time, event: .seed(seed)))
                world.apply(records[0])
            }
            world.settlePending(until: time)
            return records + decide(&world, time)
        }
        guard let file else {
            _ = records([])
            return
        }
        do throws(WorldFile.Fault) {
            try file.append(records)
            flushes += 1
        } catch {
            // The state in memory may be ahead of the file: read it anew at the next question.
            world = World(bugs: world.bugs)
            file.rewind()
            throw .refused("\(error)")
        }
    }

    /// What an order comes to under the fault that strikes it.
    private static func outcome(
        of order: ActionOrder, in world: World, _ time: Timestamp
    ) -> (Answer, [Delivery]) {
        let effect = world.effect(of: order)
        let struck = world.fault(striking: order.lane, at: time)
        func delivery(_ effect: Delivery.Effect) -> Delivery {
            Delivery(order: order, effect: effect, fault: struck?.number)
        }
        switch struck?.fault.kind {
        case .refuse:
            let refusal = Delivery.Effect.refused("a fault was asked for")
            return (Answer(effect: refusal, isLost: false), [delivery(refusal)])
        case .loseOrder:
            let lost = Delivery.Effect.refused("the order was lost")
            return (Answer(effect: lost, isLost: true), [delivery(lost)])
        case .loseAnswer: return (Answer(effect: effect, isLost: true), [delivery(effect)])
        case .deliverTwice:
            let second = effect == .applied ? Delivery.Effect.repeated : effect
            let again = Delivery(order: order, effect: second, fault: nil)
            return (Answer(effect: effect, isLost: false), [delivery(effect), again])
        case .late(let delay):
            guard effect == .applied else {
                return (Answer(effect: effect, isLost: true), [delivery(effect)])
            }
            let pending = Delivery.Effect.pending(until: time + delay)
            return (Answer(effect: pending, isLost: true), [delivery(pending)])
        case .partition: return (Answer(effect: .noEffect, isLost: true), [])
        case .loseInstance, .driftReplicas, .driftTraffic, .driftConfig, .driftStop,
            .driftForeign, nil:
            return (Answer(effect: effect, isLost: false), [delivery(effect)])
        }
    }
}
