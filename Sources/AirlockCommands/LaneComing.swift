import AirlockModel

/// What comes to a lane by the change that is under way, while `status` shows what it settled on.
struct LaneComing: Encodable {
    let version: String?
    let slot: String?
    /// What it has of the traffic, in per mille; nil where that is unknown or nothing else serves.
    let perMille: Int?

    /// Nil where nothing is under way that brings another slot, or where it goes back.
    init?(_ lane: LaneReading.Lane) {
        guard let operation = lane.operation, case .forward = operation.rollout.direction,
            let change = operation.change, [.create, .replace].contains(change.kind),
            case .slot(let spec, let version, _) = change.target
        else { return nil }
        self.version = version
        slot = spec.id.description
        let share = lane.observed?.weights[spec.id, default: 0]
        perMille = change.base == nil ? nil : share
    }

    /// Its share for people, such as `2.5%`; nil while it has nothing.
    var share: String? {
        guard let perMille, perMille > 0 else { return nil }
        return Share(perMille: perMille).text
    }
}

extension LaneReading.Lane {
    /// What comes by the change that is under way; nil where none brings another slot.
    var coming: LaneComing? { LaneComing(self) }

    /// The version that it settled on, and the one that comes.
    var versions: String {
        let now = record.settled?.version
        guard let next = coming?.version, next != now else { return now ?? "-" }
        return "\(now.map { "\($0) → " } ?? "→ ")\(next)"
    }
}
