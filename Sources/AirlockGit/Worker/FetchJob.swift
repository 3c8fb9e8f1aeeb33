import AirlockModel
import AirlockPorts
import Synchronization

/// One order on its way: it is answered exactly once, and can be given up at any time.
final class FetchJob: Sendable {
    let order: WorkerOrder
    let limit: Duration
    private let started = ContinuousClock.now

    private struct State {
        var answer: CheckedContinuation<Result<WorkerResult, SourceError>, Never>?
        var isAbandoned = false
        var deadline: ContinuousClock.Instant
        var stop: (@Sendable () -> Void)?
    }
    private let state: Mutex<State>

    /// The longest that an order may take, however well it gets on.
    private static let longest = Duration.seconds(3_600)

    init(_ order: WorkerOrder, limit: Duration) {
        self.order = order
        self.limit = limit
        state = Mutex(State(deadline: .now + limit))
    }

    /// When it is given up.
    var deadline: ContinuousClock.Instant { state.withLock(\.deadline) }

    /// Gives it its limit anew, because it got on.
    func extend() {
        state.withLock { $0.deadline = min(.now + limit, started + max(limit, Self.longest)) }
    }

    /// Why nobody waits for the answer any more; nil while somebody does.
    var ended: SourceError? {
        if state.withLock({ $0.isAbandoned }) { return .failed("the fetch was cancelled") }
        return deadline <= .now ? .timedOut(after: limit) : nil
    }

    /// Waits for the answer; cancelling the asking task stops the fetch.
    func answer(
        after enqueue: () -> Void
    ) async -> Result<WorkerResult, SourceError> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.answer = continuation }
                enqueue()
            }
        } onCancel: {
            abandon()
        }
    }

    /// Answers, unless it was answered before.
    func finish(_ result: Result<WorkerResult, SourceError>) {
        let answer = state.withLock { state in
            state.stop = nil
            return state.answer.take()
        }
        answer?.resume(returning: result)
    }

    /// Names what stops the fetch; it is called at once when the job was given up already.
    func whenAbandoned(_ stop: @escaping @Sendable () -> Void) {
        let isAbandoned = state.withLock { state in
            state.stop = stop
            return state.isAbandoned
        }
        if isAbandoned { stop() }
    }

    private func abandon() {
        let stop = state.withLock { state in
            state.isAbandoned = true
            return state.stop
        }
        stop?()
    }
}
