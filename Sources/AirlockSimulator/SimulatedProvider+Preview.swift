package import AirlockModel
import AirlockPorts

/// Slots of the world answer preview checks as `simulation.yaml` says, without a socket.
extension SimulatedProvider: Prober {
    /// What the names of simulated slots end in; reserved by RFC 6761, so that no real host has it.
    private static let domain = ".simulated.test"

    /// Where a slot of the world is said to answer.
    static func endpoint(of slot: SlotID) -> HTTPAddress? {
        HTTPAddress("http://slot-\(slot.short)\(domain)")
    }

    /// Whether an address is one of the world, at which nothing listens.
    package static func isSimulated(_ endpoint: HTTPAddress) -> Bool {
        endpoint.host.hasSuffix(domain)
    }

    package func answer(to probe: Probe) async -> ProbeAnswer {
        do throws(ProviderError) { return try await store.answer(to: probe) } catch {
            switch error {
            case .noAnswer(let why), .refused(let why): return .none(why)
            case .fenced, .foreignClaim, .unsupported: return .none("the world cannot be asked")
            }
        }
    }
}

extension WorldStore {
    /// What a slot of the world answers now.
    func answer(to probe: Probe) throws(ProviderError) -> ProbeAnswer {
        let (world, time) = try measured(probe.lane, over: .zero)
        let keys = world.fleets.map { World.LaneKey(fleet: $0, lane: probe.lane) }
        guard let slot = keys.compactMap({ world.lane($0)?.slots[probe.slot] }).first,
            slot.observation(at: time).slot.healthyCount > 0
        else { return .none("nothing listens") }
        let latency = slot.behaviour.latencyP99
        let late = "no answer in \(probe.check.within)"
        switch slot.behaviour.preview ?? .passes {
        case .silent: return .none(late)
        case .passes, .fails:
            if latency > probe.check.within { return .none(late) }
            let isRight = slot.behaviour.preview != .fails
            return .status(isRight ? probe.check.expect : 500, after: latency)
        }
    }
}
