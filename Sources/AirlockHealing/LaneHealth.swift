package import AirlockModel

/// The instances of a lane's slot as they were seen at the last looks; what a decision looks back on.
///
/// An instance is sick when it was at so many of the last looks, in a row or not: one good look between
/// two bad ones resets nothing, so flapping is seen too.
package struct LaneHealth: Hashable, Sendable {
    /// How many looks are remembered.
    package static let looks = 6
    /// The least time between two looks; whoever looks more often learns nothing more.
    package static let interval = Duration.seconds(5)
    /// How far back counters of instances reach.
    private static let leastSpan = Duration.seconds(30)
    /// In how many scrapes there surely are two whole steps, the newest of them settled.
    private static let scrapes = 4
    /// For this long an instance may be without signals before that is said.
    private static let patience = Duration.seconds(60)
    /// After this long without a look the looks before it tell nothing.
    static let forgetting = Duration.seconds(60)
    /// Deaths in this span, and in a day, from which an instance counts as crashing.
    static let crashSpan = Duration.seconds(600)
    static let crashesPerSpan = 3
    static let crashesPerDay = 5
    static let day = Duration.seconds(86_400)

    /// One instance over the last looks.
    struct Watched: Hashable, Sendable {
        /// Oldest first; nil for a look at which nothing was the matter.
        var seen: [InstanceFault?] = []
        var starts: Int
        /// When it ended and was started again by its engine; the newest ``Incident/kept``.
        var deaths: [Timestamp] = []
        /// When a fault was seen last.
        var last: [InstanceFault: Timestamp] = [:]
        /// What it was found to have at the last look.
        var sick: InstanceFault?
    }

    package private(set) var slot: SlotID?
    private(set) var instances: [String: Watched] = [:]
    /// Instances that became sick at the last look, or whose engine started them again.
    package private(set) var begun: [(instance: String, fault: InstanceFault)] = []
    /// Use of the CPU limit at the last looks, oldest first.
    private(set) var loads: [Share] = []
    /// Why nothing may be concluded from the last look; nil when something may.
    package private(set) var blindness: String?
    /// Why degraded instances and the load are not known; nil when they are.
    package private(set) var deafness: Deafness?
    /// That the signals name none of the provider's instances; nil when they do.
    package private(set) var strangers: String?
    /// Since when instances that serve are without signals; nil when none is.
    private var missingSince: Timestamp?
    private var looked: Timestamp?
    private var count = 0

    package init() {}

    package static func == (left: LaneHealth, right: LaneHealth) -> Bool {
        left.slot == right.slot && left.instances == right.instances && left.loads == right.loads
            && left.blindness == right.blindness && left.deafness == right.deafness
            && left.strangers == right.strangers && left.missingSince == right.missingSince
            && left.looked == right.looked
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(slot)
        hasher.combine(instances)
    }

    /// How far back to ask a source for what instances did.
    ///
    /// - Parameter interval: Time between two of its scrapes; nil where it counts every second.
    package static func span(scraping interval: Duration?) -> Duration {
        max(leastSpan, (interval ?? .zero) * scrapes)
    }

    /// Takes one look.
    package mutating func look(
        at observed: SlotObservation, readings: InstanceReadings, now: Timestamp
    ) {
        let gap = looked.map { now - $0 } ?? .zero
        if slot != observed.id { self = LaneHealth() }
        (slot, looked, begun) = (observed.id, now, [])
        if gap > Self.forgetting || gap < .zero { forgetLooks() }
        count += 1
        // What nobody can see is neither good nor bad: no look is noted.
        let unknown = observed.instances.count { $0.phase == .unknown }
        guard unknown == 0 else {
            blindness =
                "the state of \(unknown) of \(observed.instances.count) instances is unknown"
            return
        }
        blindness = nil
        let outliers = take(readings, of: observed, now)
        let present = Set(observed.instances.map(\.id))
        instances = instances.filter { present.contains($0.key) }
        for instance in observed.instances { take(instance, outlier: outliers[instance.id], now) }
    }

    /// Expects what a heal brings, so that Airlock's own restart is no death.
    package mutating func expect(_ heal: Heal) {
        switch heal.action {
        case .restart(_, let instance, let starts):
            instances[instance]?.starts = starts + 1
            instances[instance]?.seen = []
        case .eject(_, let instance), .readmit(_, let instance): instances[instance]?.seen = []
        case .scale: loads = []
        case .replace, .start, .route, .stop, .run: return
        }
    }

    private mutating func forgetLooks() {
        count = 0
        loads = []
        for id in instances.keys { instances[id]?.seen = [] }
    }

    private mutating func take(
        _ readings: InstanceReadings, of observed: SlotObservation, _ now: Timestamp
    ) -> [String: InstanceFault] {
        let missedBefore = missingSince
        (deafness, strangers, missingSince) = (nil, nil, nil)
        switch readings {
        case .none: return [:]
        case .down(let why):
            deafness = Deafness(reason: why, isWorthSaying: true)
            loads = []
            return [:]
        case .known(let counters, let load):
            let match = InstanceMatch(counters ?? [], to: observed)
            let isForeign = match.counters.isEmpty && !match.strangers.isEmpty
            if isForeign, !match.missing.isEmpty {
                strangers =
                    "the signals tell of \(Self.list(match.strangers)), the provider of "
                    + Self.list(match.missing)
            } else if counters != nil, !match.missing.isEmpty {
                let since = missedBefore ?? now
                missingSince = since
                deafness = Deafness(
                    reason: "\(match.missing.count) of \(observed.instances.count) instances are "
                        + "without: \(Self.list(match.missing))",
                    isWorthSaying: now - since >= Self.patience)
                loads = []
                return [:]
            }
            // A load that fewer tell than serve is not the slot's.
            let isWhole = !isForeign || match.strangers.count >= match.missing.count
            loads = (isWhole ? load : nil).map { (loads + [$0]).suffix(Self.looks) } ?? []
            return Outliers.faults(in: match.counters)
        }
    }

    /// The first names of some.
    private static func list(_ names: [String]) -> String {
        names.prefix(3).map { String($0.prefix(64)) }.joined(separator: ", ")
            + (names.count > 3 ? ", …" : "")
    }

    private mutating func take(
        _ observed: InstanceObservation, outlier: InstanceFault?, _ now: Timestamp
    ) {
        var watched = instances[observed.id] ?? Watched(starts: observed.starts)
        let deaths = max(0, observed.starts - watched.starts)
        if deaths > 0 {
            let new = Array(repeating: now, count: min(deaths, Incident.kept))
            watched.deaths = (watched.deaths + new).suffix(Incident.kept)
            watched.last[.crashing] = now
            begun.append((observed.id, .crashing))
        }
        watched.starts = observed.starts
        let fault: InstanceFault? =
            switch observed.phase {
            case .failed: .failed
            case .unhealthy: .unhealthy
            case .healthy: outlier
            case .starting, .unknown: nil
            }
        watched.seen = (watched.seen + [fault]).suffix(Self.looks)
        if let fault { watched.last[fault] = now }
        let sick = Self.sickness(watched, now)
        if let sick, sick != watched.sick, sick != .crashing { begun.append((observed.id, sick)) }
        watched.sick = sick
        instances[observed.id] = watched
    }

    /// The worst fault that an instance showed at enough of the last looks.
    private static func sickness(_ watched: Watched, _ now: Timestamp) -> InstanceFault? {
        let inSpan = watched.deaths.count { now - $0 < crashSpan }
        let inDay = watched.deaths.count { now - $0 < day }
        if inSpan >= crashesPerSpan || inDay >= crashesPerDay { return .crashing }
        return InstanceFault.allCases.first { fault in
            watched.seen.count { $0 == fault } >= needed(fault)
        }
    }

    /// At how many of the last ``looks`` a fault has to be seen. That an instance has ended is no matter
    /// of opinion.
    static func needed(_ fault: InstanceFault) -> Int { fault == .failed ? 2 : 3 }

    // MARK: Questions

    /// Whether enough looks were taken to say that something is over.
    var isWarm: Bool { count >= Self.looks }

    /// What is the matter with an instance; nil when it is well or not known.
    package func sickness(of instance: String) -> InstanceFault? { instances[instance]?.sick }

    /// Instances that have a fault, sorted.
    func sick(_ fault: InstanceFault) -> [String] {
        instances.filter { $0.value.sick == fault }.keys.sorted()
    }

    /// How many instances showed a fault since `span` before `now`.
    func affected(by fault: InstanceFault, within span: Duration, now: Timestamp) -> Int {
        instances.values.count { watched in
            watched.sick == fault || watched.last[fault].map { now - $0 < span } ?? false
        }
    }
}
