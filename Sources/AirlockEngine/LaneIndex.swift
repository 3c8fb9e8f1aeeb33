import AirlockModel

/// The few lanes of which something beside their state is kept, so that who asks for those, as the desk
/// of alerts does every two seconds, need not walk through all of them.
struct LaneIndex {
    /// Lanes that are watched because a change settled a short while ago.
    private var watched: [EnvironmentName: Set<LaneID>] = [:]
    /// Lanes that healing has noted something of.
    private var healed: [EnvironmentName: Set<LaneID>] = [:]

    init(_ lanes: LaneTable<LaneRecord>) {
        for record in lanes.values { note(record) }
    }

    /// Takes over a record as it is now.
    mutating func note(_ record: LaneRecord) {
        Self.keep(record.lane, in: &watched, record.watch != nil)
        Self.keep(record.lane, in: &healed, record.healing != nil)
    }

    /// The lanes of an environment that are watched.
    func watched(in environment: EnvironmentName) -> Set<LaneID> { watched[environment] ?? [] }

    /// The lanes of an environment that healing has noted something of.
    func healed(in environment: EnvironmentName) -> Set<LaneID> { healed[environment] ?? [] }

    private static func keep(
        _ lane: LaneID, in lanes: inout [EnvironmentName: Set<LaneID>], _ isKept: Bool
    ) {
        if isKept {
            lanes[lane.environment, default: []].insert(lane)
        } else if lanes[lane.environment]?.remove(lane) != nil,
            lanes[lane.environment]?.isEmpty == true
        {
            lanes[lane.environment] = nil
        }
    }
}
