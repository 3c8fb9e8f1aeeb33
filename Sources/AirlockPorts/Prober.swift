package import AirlockModel

/// Asks a slot over HTTP before it has any traffic.
package protocol Prober: Sendable {
    /// Sends one GET and reads the answer's status.
    ///
    /// Takes at most the time of the check. Follows no redirect: it could lead to another server, and is
    /// an answer. Never throws: that there is no answer is one of the answers.
    func answer(to probe: Probe) async -> ProbeAnswer
}
