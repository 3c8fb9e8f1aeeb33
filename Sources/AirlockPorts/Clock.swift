package import AirlockModel

/// The only source of time and of waiting.
package protocol AirlockClock: Sendable {
    /// Wall time, monotonic time and the boot they belong to.
    func now() -> Moment

    /// Returns at that wall time or after that much monotonic time, whichever is first to come, or
    /// throws `CancellationError`.
    func sleep(for duration: Duration) async throws
}
