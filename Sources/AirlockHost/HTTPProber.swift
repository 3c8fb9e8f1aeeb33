import AirlockHTTP
package import AirlockModel
import AirlockPorts

/// Asks slots over HTTP: one GET, bounded in time and bytes, no redirect.
package struct HTTPProber: Prober {
    /// The most bytes of an answer that are read.
    private static let maximumBytes = 1 << 20

    package init() {}

    package func answer(to probe: Probe) async -> ProbeAnswer {
        let clock = ContinuousClock()
        let began = clock.now
        let request = WebRequest(
            .get, "\(probe.endpoint)\(probe.check.path)",
            headers: [("user-agent", "airlock-preview")], limit: probe.check.within,
            maximumBytes: Self.maximumBytes)
        do throws(WebError) {
            let answer = try await WebClient.send(request)
            return .status(answer.status, after: clock.now - began)
        } catch {
            return .none(error.phrase)
        }
    }
}
