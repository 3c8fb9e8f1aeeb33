package import AirlockModel

/// Something that goes wrong in the simulated world on request.
package struct SimulatedFault: Hashable, Sendable, Codable {
    package let kind: Kind
    package let scope: Freeze.Scope
    /// How many orders it strikes; nil for all while it lasts.
    package let times: Int?
    /// How long it lasts in world time; nil for ever, or until ``times`` is used up.
    package let lasting: Duration?

    package init(
        kind: Kind, scope: Freeze.Scope, times: Int? = nil, lasting: Duration? = nil
    ) {
        self.kind = kind
        self.scope = scope
        self.times = times
        self.lasting = lasting
    }

    /// The longest span in a fault, and the longest step of world time.
    static let longest = Duration.seconds(3_650 * 86_400)

    /// What no world can have about it; nil when it is all right.
    var problem: String? {
        if let times, times < 1 { return "a fault strikes at least one order, not \(times)" }
        if let lasting, lasting < .zero || lasting > Self.longest {
            return "a fault lasts 0 to \(Self.longest.phrase), not \(lasting.phrase)"
        }
        switch kind {
        case .late(let delay) where delay < .zero || delay > Self.longest:
            return "an order is late by 0 to \(Self.longest.phrase), not \(delay.phrase)"
        case .driftReplicas(let count) where !(0...LaneState.maximumReplicas).contains(count):
            return "replicas are 0 to \(LaneState.maximumReplicas), not \(count)"
        case .killInstances(let count) where !Self.counts.contains(count),
            .degradeInstances(let count, _, _) where !Self.counts.contains(count):
            return "instances are 1 to \(LaneState.maximumReplicas), not \(count)"
        case .degradeInstances(_, _, let latency?) where latency < .zero || latency > Self.longest:
            return "latency is 0 to \(Self.longest.phrase), not \(latency.phrase)"
        case .refuse, .loseAnswer, .loseOrder, .half, .deliverTwice, .late, .partition,
            .loseInstance, .driftReplicas, .driftTraffic, .driftConfig, .driftStop, .driftForeign,
            .killInstances, .degradeInstances, .cureInstances:
            return nil
        }
    }

    private static let counts = 1...LaneState.maximumReplicas

    /// What goes wrong.
    package enum Kind: Hashable, Sendable, Codable {
        /// The order is not carried out, and the provider says so.
        case refuse
        /// The order is carried out, and the answer is lost.
        case loseAnswer
        /// The order is lost.
        case loseOrder
        /// Half of the order is carried out, and the answer is lost.
        case half
        /// The order arrives twice.
        case deliverTwice
        /// The answer is lost, and the order is carried out this much later.
        case late(Duration)
        /// Nothing gets through in either direction; what runs goes on.
        case partition
        /// One instance dies and is started again.
        case loseInstance
        /// So many instances end, and nobody starts them again.
        case killInstances(Int)
        /// So many instances fail that share of their requests, and may be slower than their peers.
        case degradeInstances(Int, errors: Share, latency: Duration?)
        /// Degraded instances are well again.
        case cureInstances
        /// Someone set another number of replicas by hand.
        case driftReplicas(Int)
        /// Someone took the traffic away by hand.
        case driftTraffic
        /// Someone edited the configuration of what runs.
        case driftConfig
        /// Someone stopped what serves.
        case driftStop
        /// Someone started another artifact beside it.
        case driftForeign

        /// Whether it happens at once instead of waiting for orders.
        var isImmediate: Bool {
            switch self {
            case .refuse, .loseAnswer, .loseOrder, .half, .deliverTwice, .late, .partition: false
            case .loseInstance, .driftReplicas, .driftTraffic, .driftConfig, .driftStop,
                .driftForeign, .killInstances, .degradeInstances, .cureInstances:
                true
            }
        }
    }
}
