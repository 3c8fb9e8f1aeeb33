import AirlockModel
import AirlockPorts

extension EnvironmentReconciler {
    /// What measures a lane: the server that its environment names, else what the provider itself can
    /// tell; nil when nothing does.
    func signals(of lane: LaneID) -> (any SignalSource)? {
        guard let fleet = accepted?.fleet, let environment = described else { return nil }
        guard let server = environment.signals else { return parts.signals[environment.provider] }
        return parts.signalServers?.source(at: server, asking: fleet.lanes[lane]?.signals)
    }
}
