/// A kind of healthy operational signal that trials draw series from.
package enum TrialFamily: String, CaseIterable, Sendable {
    // Families that the detector was designed on.
    case diurnalCPU, idleCPU, burstCounts, tailLatency, temperature, weekendTraffic
    case stepUse, sawtoothMemory, quantised, rareSpikes, growingTrend, clickRatio
    // Families that were kept away from the design.
    case mentions, squareNetwork, travelTime, sparseWrites, lowRequests, scheduledLoad

    /// True for families that no constant of the detector was chosen on.
    package var isHeldOut: Bool {
        switch self {
        case .diurnalCPU, .idleCPU, .burstCounts, .tailLatency, .temperature, .weekendTraffic,
            .stepUse, .sawtoothMemory, .quantised, .rareSpikes, .growingTrend, .clickRatio:
            false
        case .mentions, .squareNetwork, .travelTime, .sparseWrites, .lowRequests, .scheduledLoad:
            true
        }
    }

    /// Seconds between two points.
    var interval: Double {
        switch self {
        case .temperature, .clickRatio: 3600
        case .weekendTraffic: 1800
        case .diurnalCPU, .idleCPU, .burstCounts, .tailLatency, .stepUse, .sawtoothMemory,
            .quantised, .rareSpikes, .growingTrend, .mentions, .squareNetwork, .travelTime,
            .sparseWrites, .lowRequests, .scheduledLoad:
            300
        }
    }

    /// What can go wrong with a signal of this kind so that a person would see it.
    var faults: [TrialFault] {
        switch self {
        case .diurnalCPU, .weekendTraffic, .growingTrend:
            [.spike, .shift, .drift, .seasonBreak, .flat, .zero, .noise]
        case .temperature: [.spike, .shift, .drift, .flat, .noise]
        case .idleCPU, .tailLatency: [.spike, .shift, .drift, .noise, .zero]
        case .burstCounts, .mentions: [.spike, .shift, .zero, .seasonBreak, .drift]
        case .stepUse: [.spike, .shift, .zero, .flat]
        case .sawtoothMemory: [.spike, .shift, .flat, .frequency, .zero]
        case .quantised: [.spike, .shift, .drift, .noise]
        case .rareSpikes: [.shift, .drift, .frequency, .noise]
        case .clickRatio: [.spike, .shift, .drift, .zero, .noise]
        case .squareNetwork: [.spike, .shift, .frequency, .flat]
        case .travelTime: [.spike, .shift, .seasonBreak, .drift]
        case .sparseWrites: [.spike, .shift, .frequency]
        case .lowRequests: [.spike, .shift, .zero, .seasonBreak]
        case .scheduledLoad: [.spike, .shift, .seasonBreak, .flat, .zero]
        }
    }
}

/// Something that goes wrong in a series.
package enum TrialFault: String, CaseIterable, Sendable {
    case spike, shift, drift, seasonBreak, flat, zero, noise, frequency
}
