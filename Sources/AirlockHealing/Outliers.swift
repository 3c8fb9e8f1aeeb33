import AirlockModel

/// Finds instances that serve worse than the others of their slot.
///
/// An instance is held to its peers and not to a fixed rate: what all have is the release's, and no
/// instance's, fault.
enum Outliers {
    /// Requests without which nothing is said of an instance.
    static let leastRequests = 50
    /// Peers without which nothing is said.
    static let leastPeers = 2

    /// What is the matter with which instance.
    static func faults(in counters: [InstanceCounters]) -> [String: InstanceFault] {
        let known = counters.filter { $0.requests >= leastRequests }
        guard known.count > leastPeers else { return [:] }
        var faults: [String: InstanceFault] = [:]
        for (index, one) in known.enumerated() {
            var peers = known
            peers.remove(at: index)
            if fails(one, beside: peers) {
                faults[one.instance] = .errors
            } else if isSlow(one, beside: peers) {
                faults[one.instance] = .latency
            }
        }
        return faults
    }

    /// Five of a hundred requests more than the peers together, and three times their share.
    private static func fails(_ one: InstanceCounters, beside peers: [InstanceCounters]) -> Bool {
        let counted = peers.filter { $0.errors != nil }
        guard let failed = one.errors, counted.count >= leastPeers else { return false }
        let requests = counted.reduce(0) { $0 + $1.requests }
        let errors = counted.reduce(0) { $0 + ($1.errors ?? 0) }
        let own = Double(failed) / Double(one.requests)
        let theirs = Double(errors) / Double(requests)
        return own >= theirs + 0.05 && own >= 3 * theirs
    }

    /// Three times the middle one of the peers, and 50 ms more.
    private static func isSlow(_ one: InstanceCounters, beside peers: [InstanceCounters]) -> Bool {
        let theirs = peers.compactMap(\.latencyP99Microseconds).sorted()
        guard let own = one.latencyP99Microseconds, !theirs.isEmpty else { return false }
        let middle = theirs[theirs.count / 2]
        return own >= 3 * middle && own >= middle + 50_000
    }
}
