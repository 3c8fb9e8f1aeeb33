import AirlockModel
import AirlockPorts
import Glibc

/// Keeps the fetch worker alive and kills it when it overruns.
///
/// Orders are served one after the other in the order in which they were asked. The worker is started
/// by the first order and lives until ``stop()`` or the end of the supervisor.
package final class FetchSupervisor: Sendable {
    /// The most orders that may wait; one more is refused as busy.
    private static let capacity = 64

    private let jobs: AsyncStream<FetchJob>.Continuation
    private let loop: Task<Void, Never>

    /// Starts nothing yet.
    package init(worker: WorkerCommand) {
        // A worker that died would otherwise end this process at the next order.
        signal(SIGPIPE, SIG_IGN)
        let (stream, jobs) = AsyncStream<FetchJob>.makeStream(
            bufferingPolicy: .bufferingOldest(Self.capacity))
        self.jobs = jobs
        loop = Task { await WorkerLoop(worker: worker).serve(stream) }
    }

    deinit { jobs.finish() }

    /// Ends the worker and returns when it is gone; later orders are refused.
    package func stop() async {
        jobs.finish()
        await loop.value
    }

    /// Has one order carried out.
    ///
    /// - Parameters:
    ///   - task: What is to be done.
    ///   - limit: Longest wall time; the worker is killed after it.
    /// - Throws: ``SourceError/timedOut(after:)`` then, or what the worker answered.
    func ask(
        _ task: WorkerOrder.Task, limit: Duration
    ) async throws(SourceError) -> WorkerResult {
        let job = FetchJob(WorkerOrder(task), limit: limit)
        let result = await job.answer {
            switch jobs.yield(job) {
            case .enqueued: return
            case .dropped: job.finish(.failure(.busy))
            case .terminated: job.finish(.failure(.failed("the fetch worker was stopped")))
            @unknown default: job.finish(.failure(.busy))
            }
        }
        return try result.get()
    }
}
