import AirlockModel

/// One slot of the world and its instances.
struct SlotState: Sendable {
    /// An instance and the times between which it was there.
    struct Instance: Sendable {
        let number: Int
        let started: Timestamp
        /// Nil while it is there.
        var ended: Timestamp?
        /// How often it was started in its place before.
        var restarts = 0
        /// When it ended for good; nil while it lives.
        var killed: Timestamp?
        var degraded: Degradation?
        var ejections: [Ejection] = []

        func isThere(at time: Timestamp) -> Bool {
            started <= time && ended.map { time < $0 } ?? true
        }
    }

    /// How long a failed instance stays down before it is started again.
    private static let restartDelay = Duration.seconds(1)
    /// Beyond any life, in milliseconds; keeps sums of times from overflowing.
    private static let longestLifetime = 1e15
    /// How many instances are remembered that are gone, so that counters of the past stay.
    private static let maximumGone = 256

    let id: SlotID
    private(set) var spec: SlotSpec
    private(set) var replicas: Int
    let started: Timestamp
    let behaviour: ArtifactBehaviour
    let change: ChangeID?
    let operation: Int?
    /// What the names of its instances begin with.
    let stem: String
    /// Where it is said to answer; made once, because it is told with every look.
    private let endpoint: HTTPAddress?
    var instances: [Instance]
    private var gone: [Instance] = []
    private var nextInstance: Int

    init(
        spec: SlotSpec, replicas: Int, at time: Timestamp, behaviour: ArtifactBehaviour,
        change: ChangeID?, operation: Int?
    ) {
        id = spec.id
        self.spec = spec
        self.replicas = replicas
        started = time
        self.behaviour = behaviour
        self.change = change
        self.operation = operation
        stem = spec.id.short
        endpoint = behaviour.endpoint ?? SimulatedProvider.endpoint(of: spec.id)
        instances = (0..<replicas).map { Instance(number: $0, started: time) }
        nextInstance = replicas
    }

    /// Starts or stops instances; those that do not serve go first, and then the newest, as real
    /// schedulers do it.
    mutating func scale(to count: Int, at time: Timestamp) {
        replicas = count
        while instances.count > count {
            let idle = instances.lastIndex { phase(of: $0, at: time).phase != .healthy }
            end(instances.remove(at: idle ?? instances.endIndex - 1), at: time)
        }
        while instances.count < count { startInstance(at: time) }
    }

    /// The oldest instance dies, and another one is started in its place.
    mutating func loseInstance(at time: Timestamp) {
        guard !instances.isEmpty else { return }
        end(instances.removeFirst(), at: time)
        startInstance(at: time)
    }

    mutating func startInstance(at time: Timestamp) {
        instances.append(Instance(number: nextInstance, started: time))
        nextInstance += 1
    }

    mutating func end(_ instance: Instance, at time: Timestamp) {
        var ended = instance
        ended.ended = time
        gone.append(ended)
        if gone.count > Self.maximumGone { gone.removeFirst() }
    }

    /// The instances that were there at `time`.
    func instances(at time: Timestamp) -> [Instance] {
        (gone + instances).filter { $0.isThere(at: time) }
    }

    /// Someone edits the configuration: what runs is no longer what its id says.
    mutating func edit(at time: Timestamp) {
        var config = spec.config
        config["EDITED_BY_HAND"] = .plain(String(time.milliseconds))
        spec = SlotSpec(artifact: spec.artifact, config: config, template: spec.template)
    }

    /// A slot of another artifact that someone started beside this one.
    func foreign(at time: Timestamp) -> SlotState? {
        let digest = Digest(of: "foreign \(spec.artifact) \(time.milliseconds)".utf8)
        let text = "\(spec.artifact.repository)@sha256:\(digest)"
        guard let artifact = ArtifactReference(text) else { return nil }
        return SlotState(
            spec: SlotSpec(artifact: artifact, config: spec.config, template: spec.template),
            replicas: 1, at: time, behaviour: ArtifactBehaviour(), change: nil, operation: nil)
    }

    // MARK: Time

    /// From healthy to failed, by a crash or by memory; nil for never.
    private var lifetime: Duration? {
        var spans: [Duration] = []
        if let crash = behaviour.crashAfter { spans.append(crash) }
        if let limit = spec.template.resources.memoryBytes, behaviour.leakBytesPerMinute > 0 {
            let room = Double(max(0, limit - behaviour.memoryBytes))
            let minutes = room / Double(behaviour.leakBytesPerMinute)
            spans.append(.milliseconds(Int(min(minutes * 60_000, Self.longestLifetime))))
        }
        return spans.min()
    }

    /// What an instance is at `time`, how long since it became that, and when that ends by itself.
    func phase(
        of instance: Instance, at time: Timestamp
    ) -> (phase: InstanceObservation.Phase, age: Duration, until: Timestamp?) {
        if let killed = instance.killed, killed <= time { return (.failed, time - killed, nil) }
        guard let startup = behaviour.startup else {
            return (.starting, time - instance.started, nil)
        }
        var age = time - instance.started
        var begin = instance.started
        if let lifetime {
            let cycle = startup + lifetime + Self.restartDelay
            begin = begin + cycle * rounds(of: instance, at: time)
            age = time - begin
            if age >= startup + lifetime {
                return (.failed, age - startup - lifetime, begin + cycle)
            }
        }
        if age < startup { return (.starting, age, begin + startup) }
        return (.healthy, age - startup, lifetime.map { begin + startup + $0 })
    }

    /// How often an instance has failed and come back by itself since its start.
    func rounds(of instance: Instance, at time: Timestamp) -> Int {
        guard let startup = behaviour.startup, let lifetime else { return 0 }
        let cycle = startup + lifetime + Self.restartDelay
        let end = instance.killed.map { min($0, time) } ?? time
        return max(0, (end - instance.started).milliseconds / max(1, cycle.milliseconds))
    }

    /// The slot as a provider reports it, and when that changes by itself.
    ///
    /// - Parameter isCutOff: What state its instances are in is not known.
    func observation(
        at time: Timestamp, isCutOff: Bool = false
    ) -> (slot: SlotObservation, until: Timestamp?) {
        var until: Timestamp?
        let observed = instances.map { instance in
            let state = phase(of: instance, at: time)
            if !isCutOff { until = [until, state.until].compactMap(\.self).min() }
            return InstanceObservation(
                id: name(of: instance), phase: isCutOff ? .unknown : state.phase,
                starts: starts(of: instance, at: time), isEjected: instance.isEjected(at: time))
        }
        let slot = SlotObservation(
            id: id, spec: spec, replicas: replicas, instances: observed, change: change,
            operation: operation, endpoint: endpoint)
        return (slot, until)
    }

    /// Memory of an instance that has been healthy for `age`, in bytes.
    func memory(healthyFor age: Duration) -> Int {
        let grown = Double(behaviour.leakBytesPerMinute) * Double(age.milliseconds) / 60_000
        return behaviour.memoryBytes + Int(min(grown, Self.mostGrowth))
    }

    /// The most that memory grows, in bytes.
    private static let mostGrowth = 1e15
}
