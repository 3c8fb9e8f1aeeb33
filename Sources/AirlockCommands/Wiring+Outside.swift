import AirlockHost
import AirlockModel
import AirlockNotify
import AirlockPorts
import AirlockPrometheus

/// Where numbers come from and who is told; both lie outside.
extension Wiring {
    /// Reaches the servers of metrics that environments name.
    func signalServers() throws -> any SignalServers {
        let clock = clock
        return PrometheusServers(access: try settings.metricsAccess()) { clock.now().wall }
    }

    /// Who is told what a person has to know.
    func notifiers() throws -> [any Notifier] {
        let clock = clock
        var notifiers: [any Notifier] = []
        if let endpoint = try settings.alertmanager() {
            notifiers.append(AlertmanagerNotifier(endpoint))
        }
        if let (endpoint, secret) = try settings.webhook() {
            notifiers.append(
                WebhookNotifier(endpoint, secret: { try secret.bytes() }, now: { clock.now().wall })
            )
        }
        return notifiers
    }

    /// What measures a lane, by the fleet as it was fetched last.
    func signals(of lane: LaneID) async throws -> (any SignalSource)? {
        try signals(of: lane, in: try await FleetReading(self).lastFetched()?.fleet)
    }

    /// What measures a lane as `fleet` says it.
    func signals(of lane: LaneID, in fleet: Fleet?) throws -> (any SignalSource)? {
        guard let environment = fleet?.environments[lane.environment] else {
            return signals[.simulated]
        }
        guard let server = environment.signals else { return signals[environment.provider] }
        return try signalServers().source(at: server, asking: fleet?.lanes[lane]?.signals)
    }
}
