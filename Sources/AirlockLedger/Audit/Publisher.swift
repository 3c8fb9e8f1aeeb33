import AirlockModel
import AirlockPorts
import Dispatch
import Synchronization

/// Publishes behind the commits, on a queue of its own, and wakes who waits for a checkpoint.
///
/// A publish costs the same for one entry and for a thousand, so entries are gathered: those that nobody waits
/// for always, the others in a burst.
final class Publisher: Sendable {
    private struct Waiter {
        let sequence: Int
        let continuation: CheckedContinuation<Result<Void, LedgerError>, Never>
    }

    private struct Desk {
        /// The number of entries that are durable.
        var committed = 0
        /// The number of entries that a checkpoint on disk covers.
        var signed = 0
        var isNamed = false
        /// Whether the journal is about to be closed: a publish that was put off must not read it then.
        var isEnded = false
        var schedule = Schedule.none
        /// Counts schedules: one that another has taken the place of publishes nothing.
        var turn = 0
        /// Whether entries came as fast as in a burst when something was published last.
        var isInBurst = false
        var published = DispatchTime.now()
        /// Why the last publish failed; nil when it did not.
        var fault: LedgerError?
        var waiters: [Waiter] = []
        var checkpoints = 0
    }

    /// When the next publish comes.
    private enum Schedule {
        case none
        case later
        case soon
    }

    /// How long an entry is without a checkpoint, beside the publish itself.
    private struct Pace {
        let awaited: DispatchTimeInterval
        let other: DispatchTimeInterval

        func pause(isAwaited: Bool) -> DispatchTimeInterval { isAwaited ? awaited : other }
    }

    private static let alone = Pace(awaited: .nanoseconds(0), other: .milliseconds(100))
    /// Of many entries: a publish makes and removes files, which costs more the sooner it comes again.
    private static let inBurst = Pace(awaited: .milliseconds(50), other: .milliseconds(500))
    /// What is a burst: a full tile of entries in this time.
    private static let burst = (entries: TilePath.fullWidth, nanoseconds: UInt64(100_000_000))

    private let queue = DispatchQueue(label: "airlock.ledger.publish")
    /// Touched on ``queue`` and at the start only; nil until the log has a name.
    private let writer = Mutex<AuditWriter?>(nil)
    private let desk = Mutex(Desk())

    init(committed: Int) { desk.withLock { $0.committed = committed } }

    /// The number of checkpoints that were signed.
    var checkpoints: Int { desk.withLock(\.checkpoints) }

    /// Starts publishing with a recovered writer.
    func start(_ recovered: AuditWriter) {
        writer.withLock { $0 = recovered }
        desk.withLock {
            $0.isNamed = true
            $0.signed = recovered.edge.size
        }
        schedule()
    }

    /// Says that entries up to `count` are durable.
    func committed(_ count: Int) {
        desk.withLock { $0.committed = max($0.committed, count) }
        schedule()
    }

    /// Returns when a checkpoint on disk covers the entry.
    func published(_ sequence: Int) async throws(LedgerError) {
        let result: Result<Void, LedgerError> = await withCheckedContinuation { continuation in
            let answer = desk.withLock { desk -> Result<Void, LedgerError>? in
                guard (0..<desk.committed).contains(sequence) else {
                    return .failure(.contradiction("there is no entry \(sequence)"))
                }
                guard desk.isNamed else {
                    return .failure(.contradiction("the audit log has no name yet"))
                }
                if sequence < desk.signed { return .success(()) }
                if desk.isEnded { return .failure(.fenced) }
                desk.waiters.append(Waiter(sequence: sequence, continuation: continuation))
                return nil
            }
            if let answer {
                continuation.resume(returning: answer)
            } else {
                schedule(isAwaited: true)
            }
        }
        try result.get()
    }

    /// Returns when everything that is committed is covered.
    ///
    /// - Throws: What the last publish failed for.
    func drain() async throws(LedgerError) {
        await tryAll()
        if let fault = desk.withLock(\.fault) { throw fault }
    }

    /// Returns when everything that is committed has been tried.
    func tryAll() async {
        queue.async { self.publish(nil) }
        await turn()
    }

    /// Tries everything that is committed, and nothing after it.
    ///
    /// - Returns: Why the last of it is not signed; nil where all is.
    func end() async -> LedgerError? {
        await tryAll()
        let left = desk.withLock { desk in
            desk.isEnded = true
            defer { desk.waiters = [] }
            return desk.waiters
        }
        for waiter in left { waiter.continuation.resume(returning: .failure(.fenced)) }
        await turn()
        return desk.withLock { $0.signed < $0.committed ? $0.fault : nil }
    }

    /// Returns when all is done that is queued now and not for later.
    private func turn() async {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
    }

    private func schedule(isAwaited: Bool = false) {
        let wanted = isAwaited ? Schedule.soon : .later
        let next = desk.withLock { desk -> (turn: Int, pause: DispatchTimeInterval)? in
            let isIdle = desk.schedule == .none || (isAwaited && desk.schedule == .later)
            guard desk.isNamed, isIdle, desk.signed < desk.committed else { return nil }
            desk.schedule = wanted
            desk.turn += 1
            let pace = desk.isInBurst ? Self.inBurst : Self.alone
            return (desk.turn, pace.pause(isAwaited: isAwaited))
        }
        guard let next else { return }
        queue.asyncAfter(deadline: .now() + next.pause) { self.publish(next.turn) }
    }

    /// Publishes all that is committed.
    ///
    /// - Parameter turn: The schedule that asks for it; nil for one that must not wait.
    private func publish(_ turn: Int?) {
        let size = desk.withLock { desk -> Int? in
            guard desk.isNamed, turn == nil || turn == desk.turn else { return nil }
            desk.schedule = .none
            // Whatever was scheduled is done with this one.
            desk.turn += 1
            guard desk.signed < desk.committed, !desk.isEnded else { return nil }
            let now = DispatchTime.now()
            let elapsed = now.uptimeNanoseconds - desk.published.uptimeNanoseconds
            let share =
                Double(min(elapsed, Self.burst.nanoseconds)) / Double(Self.burst.nanoseconds)
            let entries = desk.committed - desk.signed
            desk.isInBurst = Double(entries) >= Double(Self.burst.entries) * share
            desk.published = now
            return desk.committed
        }
        guard let size else { return }
        var leftovers: LedgerError?
        let result = writer.withLock { writer -> Result<Int, LedgerError> in
            guard var next = writer else { return .success(0) }
            let completed: [TilePath]
            do throws(LedgerError) {
                completed = try next.publish(upTo: size)
            } catch {
                writer?.doubtsFolders = true
                return .failure(error)
            }
            writer = next
            // What is signed is signed, whatever becomes of forms that nobody needs any more.
            do throws(LedgerError) { try next.tidy(completed) } catch { leftovers = error }
            return .success(next.edge.size)
        }
        finish(result, leftovers)
    }

    private func finish(_ result: Result<Int, LedgerError>, _ leftovers: LedgerError?) {
        let (done, answer) = desk.withLock { desk -> ([Waiter], Result<Void, LedgerError>) in
            if case .failure(let error) = result {
                desk.fault = error
            } else {
                desk.fault = leftovers
            }
            switch result {
            case .success(let signed):
                if signed > desk.signed { desk.checkpoints += 1 }
                desk.signed = max(desk.signed, signed)
                let done = desk.waiters.filter { $0.sequence < signed }
                desk.waiters.removeAll { $0.sequence < signed }
                return (done, .success(()))
            case .failure(let error):
                let all = desk.waiters
                desk.waiters = []
                return (all, .failure(error))
            }
        }
        for waiter in done { waiter.continuation.resume(returning: answer) }
    }
}
