import AirlockEngine
import Glibc
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Ends a verb after the step under way when it is told to, and at once when a person insists.
enum InterruptWatch {
    /// How long after the limit for parking the ledger may take to close.
    private static let patience = Duration.seconds(12)

    /// Counts the signals that came.
    private final class Tally: Sendable {
        private let count = Mutex(0)

        var isEmpty: Bool { count.withLock { $0 == 0 } }

        /// Counts one more and says how many there are.
        func add() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    /// Runs `group` to its end; the watch goes on while the group shuts down.
    ///
    /// The group obeys SIGTERM and the first SIGINT itself; a second SIGINT ends the process at once.
    static func around(_ group: ServiceGroup) async throws {
        let interrupts = await UnixSignalsSequence(trapping: .sigint)
        let ends = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        // Cancelled when this scope ends.
        async let _: Void = obey(interrupts, Tally(), {})
        async let _: Void = end(after: ends)
        try await group.run()
    }

    /// Runs `work` to its end; the first SIGINT or SIGTERM calls `stop`, the second ends the process at
    /// once.
    ///
    /// - Parameter stop: Asks `work` to finish or park the step under way.
    /// - Returns: What `work` gave, and whether it was told to end before it did.
    static func around<Value: Sendable>(
        stop: @escaping @Sendable () -> Void, work: () async throws -> Value
    ) async throws -> (value: Value, isInterrupted: Bool) {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let ends = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let tally = Tally()
        // Cancelled when this scope ends.
        async let _: Void = obey(signals, tally, stop)
        async let _: Void = end(after: ends)
        let value = try await work()
        return (value, !tally.isEmpty)
    }

    /// Ends the process when something does not let go of it: an intent without an end is settled by
    /// looking at the next start.
    private static func end(after signals: UnixSignalsSequence) async {
        for await _ in signals { break }
        do { try await Task.sleep(for: Engine.shutdownLimit + patience) } catch { return }
        Output.note(
            "an engine does not answer; ending all the same, and looking at it at the next start")
        _exit(ExitStatus.error.rawValue)
    }

    private static func obey(
        _ signals: UnixSignalsSequence, _ tally: Tally, _ stop: @Sendable () -> Void
    ) async {
        for await _ in signals {
            if tally.add() > 1 { _exit(ExitStatus.interrupted.rawValue) }
            Output.note("ending after the step under way; interrupt again to end at once")
            stop()
        }
    }
}
