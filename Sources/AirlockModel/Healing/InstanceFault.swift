/// What can be the matter with one instance; the cause of an incident.
package enum InstanceFault: String, Hashable, Sendable, Codable, CaseIterable {
    /// It ended and was not started again.
    case failed
    /// It runs and says that it cannot serve.
    case unhealthy
    /// It ends again and again, and the engine starts it again each time.
    case crashing
    /// More of its requests fail than of those of its peers.
    case errors
    /// It answers more slowly than its peers.
    case latency

    /// What is the matter, after the name of an instance.
    package var phrase: String {
        switch self {
        case .failed: "has failed"
        case .unhealthy: "is unhealthy"
        case .crashing: "crashes again and again"
        case .errors: "fails more requests than its peers"
        case .latency: "is slower than its peers"
        }
    }

    /// The fault as the subject of a sentence about a lane.
    package var noun: String {
        switch self {
        case .failed: "failed instances"
        case .unhealthy: "unhealthy instances"
        case .crashing: "crashing instances"
        case .errors: "instances with errors"
        case .latency: "slow instances"
        }
    }

    /// Whether such an instance still answers, so that it is ejected and not restarted.
    package var isDegraded: Bool {
        switch self {
        case .errors, .latency: true
        case .failed, .unhealthy, .crashing: false
        }
    }
}

/// What one instance served in a span of time, beside its peers.
package struct InstanceCounters: Hashable, Sendable, Codable {
    /// The instance's id as the provider names it.
    package let instance: String
    package let requests: Int
    /// Nil where its errors are not counted, which is not the same as none.
    package let errors: Int?
    /// 99th percentile of latency in microseconds; nil without requests.
    package let latencyP99Microseconds: Int?
    /// Use of its CPU limit in hundredths of a percent; nil where nobody measures it instance by instance.
    package let cpuBasisPoints: Int?
    /// Whether ``cpuBasisPoints`` was measured of the slot as a whole, and so is the same for each.
    package let isCPUOfSlot: Bool

    package init(
        instance: String, requests: Int, errors: Int?, latencyP99Microseconds: Int?,
        cpuBasisPoints: Int? = nil, isCPUOfSlot: Bool = false
    ) {
        self.instance = instance
        self.requests = requests
        self.errors = errors
        self.latencyP99Microseconds = latencyP99Microseconds
        self.cpuBasisPoints = cpuBasisPoints
        self.isCPUOfSlot = isCPUOfSlot
    }
}
