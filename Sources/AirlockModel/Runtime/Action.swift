/// One of the few things a provider can be told to do; a closed set, so that a slot cannot be edited.
package enum Action: Hashable, Sendable, Codable {
    case start(SlotSpec, replicas: Int)
    case scale(SlotID, replicas: Int)
    /// Weights in per mille that add up to 1000, or empty for "no traffic".
    case route([SlotID: Int])
    case stop(SlotID)

    /// What a provider must be able to do for this action.
    package var capability: Capability {
        switch self {
        case .start: .start
        case .scale: .scale
        case .route: .route
        case .stop: .stop
        }
    }

    /// The slot that the action is about; nil for a route.
    package var slot: SlotID? {
        switch self {
        case .start(let spec, _): spec.id
        case .scale(let id, _), .stop(let id): id
        case .route: nil
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
        }
    }
}

/// One kind of thing that a provider may be able to do.
package enum Capability: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    case start
    case scale
    case route
    case stop
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
    /// Nil for a repair.
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
