/// One of the few things a provider can be told to do; a closed set, so that a slot cannot be edited.
package enum Action: Hashable, Sendable, Codable {
    case start(SlotSpec, replicas: Int)
    case scale(SlotID, replicas: Int)
    /// Weights in per mille that add up to 1000, or empty for "no traffic".
    case route([SlotID: Int])
    case stop(SlotID)
    /// Starts an instance again in its place. `starts` is how often it had been started when this was
    /// decided, by which it can be seen whether it was done.
    case restart(SlotID, instance: String, starts: Int)
    /// Ends an instance and starts another one in its stead.
    case replace(SlotID, instance: String)
    /// Takes an instance out of the traffic; it goes on running.
    case eject(SlotID, instance: String)
    /// Gives an ejected instance its traffic again.
    case readmit(SlotID, instance: String)
    /// Runs a job to its end, beside what serves. How it ended is observed.
    case run(Job)

    /// What a provider must be able to do for this action.
    package var capability: Capability {
        switch self {
        case .start: .start
        case .scale: .scale
        case .route: .route
        case .stop: .stop
        case .restart: .restart
        case .replace: .replace
        case .eject, .readmit: .eject
        case .run: .run
        }
    }

    /// The slot that the action is about; nil for a route.
    package var slot: SlotID? {
        switch self {
        case .start(let spec, _): spec.id
        case .scale(let id, _), .stop(let id), .restart(let id, _, _), .replace(let id, _),
            .eject(let id, _), .readmit(let id, _):
            id
        case .run(let job): job.slot
        case .route: nil
        }
    }

    /// The instance that the action is about; nil for one that is about a slot or the traffic.
    package var instance: String? {
        switch self {
        case .restart(_, let instance, _), .replace(_, let instance), .eject(_, let instance),
            .readmit(_, let instance):
            instance
        case .start, .scale, .route, .stop, .run: nil
        }
    }

    /// The form that enters the idempotency key and the audit log.
    package var canonical: JSONValue {
        switch self {
        case .start(let spec, let replicas):
            .fields([
                "do": .string("start"), "slot": .text(spec.id), "replicas": .integer(replicas),
            ])
        case .scale(let id, let replicas):
            .fields(["do": .string("scale"), "slot": .text(id), "replicas": .integer(replicas)])
        case .route(let weights):
            .fields([
                "do": .string("route"),
                "weights": .object(
                    Dictionary(
                        uniqueKeysWithValues: weights.map {
                            ($0.key.description, .integer($0.value))
                        })),
            ])
        case .stop(let id): .fields(["do": .string("stop"), "slot": .text(id)])
        case .restart(let id, let instance, let starts):
            .fields([
                "do": .string("restart"), "slot": .text(id), "instance": .string(instance),
                "starts": .integer(starts),
            ])
        case .replace(let id, let instance): Self.canonical("replace", id, instance)
        case .eject(let id, let instance): Self.canonical("eject", id, instance)
        case .readmit(let id, let instance): Self.canonical("readmit", id, instance)
        case .run(let job): job.canonical
        }
    }

    private static func canonical(
        _ word: String, _ slot: SlotID, _ instance: String
    ) -> JSONValue {
        .fields(["do": .string(word), "slot": .text(slot), "instance": .string(instance)])
    }

    /// One phrase for tables and logs.
    package var phrase: String {
        switch self {
        case .start(let spec, let replicas): "start \(spec.id.short) with \(replicas)"
        case .scale(let id, let replicas): "scale \(id.short) to \(replicas)"
        case .route(let weights):
            "route "
                + weights.map { "\($0.key.short)=\($0.value)" }.sorted().joined(separator: ",")
        case .stop(let id): "stop \(id.short)"
        case .restart(_, let instance, _): "restart \(instance)"
        case .replace(_, let instance): "replace \(instance)"
        case .eject(_, let instance): "eject \(instance)"
        case .readmit(_, let instance): "readmit \(instance)"
        case .run(let job): "run \(job.command.joined(separator: " "))"
        }
    }

    /// Whether `lane` shows that the action has been done.
    ///
    /// This is how an intent without an end is settled: by looking, never by doing it again.
    package func isDone(in lane: LaneObservation) -> Bool {
        switch self {
        case .start(let spec, let replicas): lane.slot(spec.id)?.replicas == replicas
        case .scale(let id, let replicas): lane.slot(id)?.replicas == replicas
        case .route(let weights): lane.weights == weights.filter { $0.value > 0 }
        case .stop(let id): lane.slot(id) == nil
        case .restart(let id, let instance, let starts):
            lane.slot(id)?.instance(instance).map { $0.starts > starts } ?? true
        case .replace(let id, let instance): lane.slot(id)?.instance(instance) == nil
        case .eject(let id, let instance):
            lane.slot(id)?.instance(instance).map(\.isEjected) ?? true
        case .readmit(let id, let instance):
            lane.slot(id)?.instance(instance).map { !$0.isEjected } ?? true
        case .run(let job): lane.job(job.id) != nil
        }
    }
}

/// One kind of thing that a provider may be able to do.
package enum Capability: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    case start
    case scale
    case route
    case stop
    case restart
    case replace
    /// Ejects and readmits.
    case eject
    /// Runs jobs to their end.
    case run
    /// Says where a slot can be reached before it has traffic.
    case address
    /// The same idempotency key is carried out once.
    case idempotency

    package static func < (left: Capability, right: Capability) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// An action with everything that the provider must store or check.
package struct ActionOrder: Hashable, Sendable, Codable {
    package let key: ActionKey
    package let claim: Claim
    package let fleet: FleetName
    package let lane: LaneID
    /// Nil for a repair or a heal.
    package let change: ChangeID?
    package let operation: Int
    package let action: Action

    package init(
        key: ActionKey, claim: Claim, fleet: FleetName, lane: LaneID, change: ChangeID?,
        operation: Int, action: Action
    ) {
        self.key = key
        self.claim = claim
        self.fleet = fleet
        self.lane = lane
        self.change = change
        self.operation = operation
        self.action = action
    }
}

extension ActionKey {
    /// The digest of (ledger id, operation number, step, action).
    package init(ledger: LedgerID, operation: Int, step: Int, action: Action) {
        self.init(
            digest: Digest(
                of: .fields([
                    "v": .integer(1),
                    "ledger": .text(ledger),
                    "operation": .integer(operation),
                    "step": .integer(step),
                    "action": action.canonical,
                ])))
    }
}

/// What a provider answered to an order that it accepted.
package struct Receipt: Hashable, Sendable, Codable {
    /// Whether the provider had carried out this key before.
    package let repeated: Bool

    package init(repeated: Bool = false) { self.repeated = repeated }
}
