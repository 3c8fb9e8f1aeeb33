/// One cause of healing in one slot: it stays open while it is healed, so that healing hides nothing.
package struct Incident: Hashable, Sendable, Codable {
    /// How many times of each list are kept; counts go on beyond.
    package static let kept = 16

    /// A heal and the instance that it was for.
    package struct Healed: Hashable, Sendable, Codable {
        package let at: Timestamp
        package let instance: String

        package init(at: Timestamp, instance: String) {
            self.at = at
            self.instance = instance
        }
    }

    /// Where the rate of an incident is going, over the last two hours.
    package enum Trend: String, Hashable, Sendable, Codable {
        case rising
        case steady
        case falling
    }

    package let fault: InstanceFault
    package let slot: SlotID
    package let opened: Timestamp
    /// When it was seen or healed last.
    package private(set) var last: Timestamp
    /// How often it began at an instance.
    package private(set) var sightings = 0
    /// How often something was done about it.
    package private(set) var heals = 0
    /// The newest sightings, oldest first.
    package private(set) var seen: [Timestamp] = []
    /// The newest heals, oldest first.
    package private(set) var healed: [Healed] = []
    /// When it ended: it was not seen for a day, or its slot is gone. Nil while it is open.
    package private(set) var closed: Timestamp?

    package init(_ fault: InstanceFault, in slot: SlotID, at time: Timestamp) {
        self.fault = fault
        self.slot = slot
        opened = time
        last = time
    }

    /// Whether it still stands.
    package var isOpen: Bool { closed == nil }

    /// Notes that the fault began at an instance.
    package mutating func see(at time: Timestamp) {
        sightings += 1
        seen = (seen + [time]).suffix(Self.kept)
        last = max(last, time)
    }

    /// Notes that it is still there.
    package mutating func linger(at time: Timestamp) { last = max(last, time) }

    /// Notes that something is done about it.
    package mutating func heal(_ instance: String, at time: Timestamp) {
        heals += 1
        healed = (healed + [Healed(at: time, instance: instance)]).suffix(Self.kept)
        last = max(last, time)
    }

    /// Ends it.
    package mutating func close(at time: Timestamp) { closed = time }

    /// How many sightings that are remembered lie in the span before `time`.
    package func sightings(in span: Duration, before time: Timestamp) -> Int {
        seen.count { $0 <= time && time - $0 < span }
    }

    /// Sightings of the last hour against those of the hour before; what is new is not rising.
    package func trend(at time: Timestamp) -> Trend {
        let hour = Duration.seconds(3_600)
        let now = seen.count { time - $0 < hour }
        let before = seen.count { time - $0 >= hour && time - $0 < hour + hour }
        if before >= 1, now >= 2 * before { return .rising }
        return now < before ? .falling : .steady
    }
}
