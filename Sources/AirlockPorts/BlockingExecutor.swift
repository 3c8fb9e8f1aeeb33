@preconcurrency import Dispatch

/// A thread for an adapter whose calls block, so that it holds up nobody on the shared pool.
///
/// An actor's jobs run one after the other.
package final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// - Parameter label: What debuggers call it.
    package init(label: String) { queue = DispatchQueue(label: label) }

    /// Runs `job` after everything that waits already.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Ends the process when the caller is not on this thread.
    package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
