package import AirlockModel

/// What a source of signals said of the instances of a slot.
package enum InstanceReadings: Hashable, Sendable {
    /// There is no source that tells instances apart.
    case none
    /// It did not answer, and why: nothing is concluded from that.
    case down(String)
    /// What each served since about ``LaneHealth/span(scraping:)``, nil where the source does not tell them
    /// apart; and the use of the slot's CPU limit.
    case known([InstanceCounters]?, load: Share?)

    /// The mean use of the CPU limit over the instances that serve, because it is they that have the load;
    /// nil where it is not known of each. Where no name is an instance's, all count.
    package static func load(of counters: [InstanceCounters]?, on slot: SlotObservation) -> Share? {
        guard let counters else { return nil }
        let matched = InstanceMatch(counters, to: slot).counters
        let serving = matched.filter { slot.instance($0.instance)?.isServing == true }
        let use = (matched.isEmpty ? counters : serving).map(\.cpuBasisPoints)
        let known = use.compactMap { $0 }
        guard !known.isEmpty, known.count == use.count else { return nil }
        return Share(basisPoints: min(10_000, known.reduce(0, +) / known.count))
    }
}

/// Whose signals are whose: the names in a source of signals beside the ids of a provider.
///
/// A name is that of an instance when it is the instance's id, or the id with a port behind it, as what
/// Prometheus scrapes is named.
struct InstanceMatch {
    /// By the provider's ids, sorted; what was told twice of one instance is put together.
    let counters: [InstanceCounters]
    /// Instances that serve and of which nothing is told, sorted.
    let missing: [String]
    /// Instances that serve and whose errors are not counted, sorted.
    let uncounted: [String]
    /// Names that are of no instance, sorted.
    let strangers: [String]

    init(_ told: [InstanceCounters], to slot: SlotObservation) {
        let ids = Set(slot.instances.map(\.id))
        var found: [String: InstanceCounters] = [:]
        var strangers: [String] = []
        for one in told {
            guard let id = Self.id(of: one.instance, among: ids) else {
                strangers.append(one.instance)
                continue
            }
            found[id] = Self.sum(id, one, found[id])
        }
        counters = found.keys.sorted().compactMap { found[$0] }
        let serving = slot.instances.filter(\.isServing).map(\.id).sorted()
        missing = serving.filter { found[$0] == nil }
        uncounted = serving.filter { id in found[id].map { $0.errors == nil } ?? false }
        self.strangers = strangers.sorted()
    }

    private static func id(of name: String, among ids: Set<String>) -> String? {
        if ids.contains(name) { return name }
        guard let colon = name.lastIndex(of: ":") else { return nil }
        let port = name[name.index(after: colon)...]
        guard !port.isEmpty, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        let host = String(name[..<colon])
        return ids.contains(host) ? host : nil
    }

    /// - Parameter other: What was told before of the same instance.
    private static func sum(
        _ id: String, _ one: InstanceCounters, _ other: InstanceCounters?
    ) -> InstanceCounters {
        func worst(_ value: KeyPath<InstanceCounters, Int?>) -> Int? {
            [one[keyPath: value], other?[keyPath: value]].compactMap { $0 }.max()
        }
        // A part of which nobody counts the errors leaves the whole uncounted.
        let parts = [one] + (other.map { [$0] } ?? [])
        let known = parts.compactMap(\.errors)
        let errors = known.count == parts.count ? known.reduce(0, +) : nil
        return InstanceCounters(
            instance: id, requests: one.requests + (other?.requests ?? 0), errors: errors,
            latencyP99Microseconds: worst(\.latencyP99Microseconds),
            cpuBasisPoints: worst(\.cpuBasisPoints),
            isCPUOfSlot: one.isCPUOfSlot || other?.isCPUOfSlot == true)
    }
}

/// Why degraded instances, and with them often the load, are not known.
package struct Deafness: Hashable, Sendable {
    /// What is missing.
    enum Lack: Hashable, Sendable {
        /// All signals of an instance or more: neither is known.
        case signals
        /// The counts of errors: the load is known all the same.
        case errors
    }

    let lack: Lack
    let reason: String
    /// Whether it has lasted long enough to be said: an instance that came a moment ago has no numbers yet.
    let isWorthSaying: Bool
}
