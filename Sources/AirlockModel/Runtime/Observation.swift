/// A provider's own name for a state of an environment; equal revisions mean nothing changed.
package struct ProviderRevision: Hashable, Sendable, Codable {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// What a provider says is there in one environment, or in the lanes that were asked for.
package struct Observation: Hashable, Sendable {
    package let environment: EnvironmentName
    package let revision: ProviderRevision
    package let claim: Claim?
    /// Every lane with at least one slot under this fleet's name.
    package let lanes: [LaneID: LaneObservation]
    /// When something will change without being told to, such as an instance that is starting.
    package let until: Timestamp?

    package init(
        environment: EnvironmentName, revision: ProviderRevision, claim: Claim?,
        lanes: [LaneID: LaneObservation], until: Timestamp? = nil
    ) {
        self.environment = environment
        self.revision = revision
        self.claim = claim
        self.lanes = lanes
        self.until = until
    }
}

/// The answer to "what is there, if it changed since that revision".
package enum ObservationAnswer: Sendable {
    case unchanged
    case observed(Observation)
}

/// What runs in one lane.
package struct LaneObservation: Hashable, Sendable, Codable {
    package let lane: LaneID
    /// Sorted by slot id.
    package let slots: [SlotObservation]
    /// Share of the lane's traffic per slot in per mille; adds up to 1000, or is empty.
    package let weights: [SlotID: Int]
    /// Jobs that run or ran not long ago, the oldest first; empty where a provider runs none.
    package let jobs: [JobObservation]

    package init(
        lane: LaneID, slots: [SlotObservation] = [], weights: [SlotID: Int] = [:],
        jobs: [JobObservation] = []
    ) {
        self.lane = lane
        self.jobs = jobs
        self.slots = slots.sorted { $0.id < $1.id }
        // A share of nothing is no share; some engines spell it out.
        self.weights = weights.values.contains(0) ? weights.filter { $0.value != 0 } : weights
    }

    /// The slot of that id, when it is there.
    package func slot(_ id: SlotID) -> SlotObservation? { slots.first { $0.id == id } }

    /// The job of that id, when it is there.
    package func job(_ id: JobID) -> JobObservation? { jobs.first { $0.id == id } }

    /// The slots that receive traffic and have a healthy instance.
    package var serving: [SlotObservation] {
        slots.filter { (weights[$0.id] ?? 0) > 0 && $0.healthyCount > 0 }
    }
}

/// One slot as the provider sees it.
package struct SlotObservation: Hashable, Sendable, Codable {
    /// The id under which the slot was started.
    package let id: SlotID
    /// What runs there now; its id differs from `id` when someone edited it by hand.
    package let spec: SlotSpec
    /// How many instances the engine was told to keep.
    package let replicas: Int
    package let instances: [InstanceObservation]
    /// The change and operation that started it; nil for what was there before Airlock.
    package let change: ChangeID?
    package let operation: Int?
    /// Where the slot can be reached whether or not it has traffic; nil where the provider does not say.
    package let endpoint: HTTPAddress?

    package init(
        id: SlotID, spec: SlotSpec, replicas: Int, instances: [InstanceObservation],
        change: ChangeID? = nil, operation: Int? = nil, endpoint: HTTPAddress? = nil
    ) {
        self.id = id
        self.spec = spec
        self.replicas = replicas
        self.instances = instances
        self.change = change
        self.operation = operation
        self.endpoint = endpoint
    }

    /// How many instances can serve now.
    package var healthyCount: Int { instances.count { $0.phase == .healthy } }

    /// The instance of that id, when it is there.
    package func instance(_ id: String) -> InstanceObservation? {
        instances.first { $0.id == id }
    }

    /// Whether someone changed what runs under this id.
    package var isEdited: Bool { spec.id != id }
}

/// One instance of a slot.
package struct InstanceObservation: Hashable, Sendable, Codable {
    package let id: String
    package let phase: Phase
    /// How often it was started in its place; grows, whoever started it.
    package let starts: Int
    /// Whether it runs and gets no traffic because somebody said so.
    package let isEjected: Bool

    package init(id: String, phase: Phase, starts: Int = 1, isEjected: Bool = false) {
        self.id = id
        self.phase = phase
        self.starts = starts
        self.isEjected = isEjected
    }

    /// Reads also what was written before instances were counted and ejected.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        phase = try container.decode(Phase.self, forKey: .phase)
        starts = try container.decodeIfPresent(Int.self, forKey: .starts) ?? 1
        isEjected = try container.decodeIfPresent(Bool.self, forKey: .isEjected) ?? false
    }

    private enum CodingKeys: CodingKey {
        case id
        case phase
        case starts
        case isEjected
    }

    /// Whether it takes part in serving.
    package var isServing: Bool { phase == .healthy && !isEjected }

    /// What an instance can be; `unknown` is never counted as healthy or absent.
    package enum Phase: String, Hashable, Sendable, Codable {
        case starting
        case healthy
        case unhealthy
        case failed
        case unknown
    }
}

/// What a slot did in one second, or since the record before in a source that counts less often.
package struct SecondCounters: Hashable, Sendable, Codable {
    /// The second, counted from 1970.
    package private(set) var second: Int
    package let requests: Int
    package let errors: Int
    /// 99th percentile of latency in microseconds; nil without requests.
    package let latencyP99Microseconds: Int?
    /// Use of the slot's CPU limit in hundredths of a percent; nil where nobody measures it.
    package let cpuBasisPoints: Int?
    /// Memory of the largest instance in bytes; nil where nobody measures it.
    package let memoryBytes: Int?
    /// Errors that surely have separate causes: those of different keys, connections or instances. Nil where
    /// the source cannot tell them apart; then one is sure.
    package let separateErrors: Int?
    /// Digests of different keys or instances that had an error, two at the most; nil where the source cannot
    /// tell.
    package let witnesses: [UInt64]?
    /// Requests by how long they took, in buckets of rising bounds that are the same for every slot of a
    /// service; the last has no bound. Nil where nobody measures it.
    package let latencyBuckets: [Int]?
    /// Different keys or instances with the slowest requests, and the place of each one's slowest bucket.
    package let slowest: [Slowest]?
    /// The service's own signals that have a value, sorted by name; nil where it has none.
    package let named: [NamedReading]?

    /// How slow the slowest request of a key or instance was.
    package struct Slowest: Hashable, Sendable, Codable {
        package let witness: UInt64
        /// Counted from 0.
        package let bucket: Int

        package init(witness: UInt64, bucket: Int) {
            self.witness = witness
            self.bucket = bucket
        }
    }

    package init(
        second: Int, requests: Int, errors: Int, latencyP99Microseconds: Int?,
        cpuBasisPoints: Int?, memoryBytes: Int?, separateErrors: Int? = nil,
        witnesses: [UInt64]? = nil, latencyBuckets: [Int]? = nil, slowest: [Slowest]? = nil,
        named: [NamedReading]? = nil
    ) {
        self.named = named
        self.latencyBuckets = latencyBuckets
        self.slowest = slowest
        self.separateErrors = separateErrors
        self.witnesses = witnesses
        self.second = second
        self.requests = requests
        self.errors = errors
        self.latencyP99Microseconds = latencyP99Microseconds
        self.cpuBasisPoints = cpuBasisPoints
        self.memoryBytes = memoryBytes
    }

    /// The same so many seconds later.
    package func moved(by seconds: Int) -> SecondCounters {
        var moved = self
        moved.second += seconds
        return moved
    }
}
