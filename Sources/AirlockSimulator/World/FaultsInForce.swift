import AirlockModel

/// The faults that still strike, the oldest first.
struct FaultsInForce: Sendable {
    struct Entry: Sendable {
        /// Counts the faults of this world.
        let number: Int
        let fault: SimulatedFault
        let since: Timestamp
        var struck = 0

        /// When it ends by itself; nil for never.
        var until: Timestamp? { fault.lasting.map { since + $0 } }

        func strikes(_ lane: LaneID, at time: Timestamp) -> Bool {
            fault.scope.covers(lane) && isInForce(at: time)
        }

        func isInForce(at time: Timestamp) -> Bool { until.map { time < $0 } ?? true }
    }

    /// How many can be in force in one world.
    static let maximum = 1_000

    private(set) var entries: [Entry] = []
    private var next = 0

    mutating func begin(_ fault: SimulatedFault, at time: Timestamp) {
        entries.append(Entry(number: next, fault: fault, since: time))
        next += 1
    }

    /// Counts an order that was struck; returns the kind of a fault that this ended.
    mutating func strike(_ number: Int) -> SimulatedFault.Kind? {
        guard let index = entries.firstIndex(where: { $0.number == number }) else { return nil }
        entries[index].struck += 1
        guard let times = entries[index].fault.times, entries[index].struck >= times else {
            return nil
        }
        return entries.remove(at: index).fault.kind
    }

    /// Drops what has ended by `time`.
    mutating func end(at time: Timestamp) {
        if entries.contains(where: { !$0.isInForce(at: time) }) {
            entries.removeAll { !$0.isInForce(at: time) }
        }
    }

    /// The fault that strikes an order in `lane`: a partition before all others, else the oldest.
    func striking(_ lane: LaneID, at time: Timestamp) -> Entry? {
        let striking = entries.filter { $0.strikes(lane, at: time) }
        return striking.first { $0.fault.kind == .partition } ?? striking.first
    }

    /// The partitions of an environment as a whole or of lanes in it.
    func partitions(in environment: EnvironmentName, at time: Timestamp) -> [Entry] {
        entries.filter {
            $0.fault.kind == .partition && $0.fault.scope.environment == environment
                && $0.isInForce(at: time)
        }
    }

    /// Whether nothing gets through to an environment at all.
    func isCutOff(_ environment: EnvironmentName, at time: Timestamp) -> Bool {
        entries.contains {
            $0.fault.kind == .partition && $0.fault.scope == .environment(environment)
                && $0.isInForce(at: time)
        }
    }
}
