import Dispatch
import Synchronization

/// Runs all that happens in one life on one thread, in an order that the seed decides.
///
/// Nothing from outside reaches a life: when nothing is left to run before its end, something waits for a
/// wake-up that was lost, and the life stands still for ever.
final class LifeExecutor: SerialExecutor, TaskExecutor {
    /// A life that stood still.
    struct StoodStill: Error {}

    private struct State {
        var jobs: [UnownedJob] = []
        var dice: Dice
        /// Whoever waits until nothing is left to run.
        var idle: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(seed: Int) { state = Mutex(State(dice: Dice(seed: seed))) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs `life` to its end, on a thread of its own.
    func run<Value: Sendable>(
        _ life: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try self.drain(life) })
            }
        }
    }

    /// Returns when nothing else is left to run before time passes.
    func quiet() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.idle.append(continuation) }
        }
    }

    private func drain<Value: Sendable>(
        _ life: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let ending = Mutex<Result<Value, any Error>?>(nil)
        Task(executorPreference: self) {
            let result: Result<Value, any Error>
            do { result = .success(try await life()) } catch { result = .failure(error) }
            ending.withLock { $0 = result }
        }
        while true {
            if let job = next() {
                job.runSynchronously(
                    isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            } else if let waiting = state.withLock({ $0.idle.popLast() }) {
                waiting.resume()
            } else {
                break
            }
        }
        guard let result = ending.withLock({ $0 }) else { throw StoodStill() }
        return try result.get()
    }

    private func next() -> UnownedJob? {
        state.withLock { state in
            guard !state.jobs.isEmpty else { return nil }
            let chosen = state.dice.roll(0...(state.jobs.count - 1))
            state.jobs.swapAt(chosen, state.jobs.count - 1)
            return state.jobs.removeLast()
        }
    }
}
