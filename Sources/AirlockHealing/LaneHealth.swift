package import AirlockModel

/// The instances of a lane's slot as they were seen at the last looks; what a decision looks back on.
///
/// An instance is sick when it was at so many of the last looks, in a row or not: one good look between
/// two bad ones resets nothing, so flapping is seen too. What a source of signals says counts once for each
/// of its scrapes, however often it is asked meanwhile.
package struct LaneHealth: Hashable, Sendable {
    /// How many looks are remembered.
    package static let looks = 6
    /// The least time between two looks; whoever looks more often learns nothing more.
    package static let interval = Duration.seconds(5)
    /// How far back counters of instances reach.
    private static let leastSpan = Duration.seconds(30)
    /// In how many scrapes there surely are two whole steps, the newest of them settled.
    private static let scrapes = 4
    /// For this long an instance may be without signals before that is said; longer where a new one needs
    /// longer until it has some.
    private static let patience = Duration.seconds(60)
    /// How old the last known load may be that still says how many instances are needed: an instance that is
    /// started again and again has no signals, and the load goes on.
    private static let loadMemory = crashSpan
    /// After this long without a look the looks before it tell nothing.
    static let forgetting = Duration.seconds(60)
    /// Deaths in this span, and in a day, from which an instance counts as crashing.
    static let crashSpan = Duration.seconds(600)
    static let crashesPerSpan = 3
    static let crashesPerDay = 5
    static let day = Duration.seconds(86_400)

    /// One instance over the last looks.
    struct Watched: Hashable, Sendable {
        /// What the provider said, oldest first; nil for a look at which nothing was the matter.
        var seen: [InstanceFault?] = []
        /// The same by the source of signals, beside the others.
        var measured: [InstanceFault?] = []
        /// Whether something was done for it after the last look.
        var isTreated = false
        /// What it served before this tells nothing of it now; nil where nothing was done.
        var since: Timestamp?
        var starts: Int
        /// When it ended and was started again by its engine; the newest ``Incident/kept``.
        var deaths: [Timestamp] = []
        /// When a fault was seen last.
        var last: [InstanceFault: Timestamp] = [:]
        /// What it was found to have at the last look.
        var sick: InstanceFault?
    }

    /// How busy the instances were together.
    private struct Use: Hashable {
        let basisPoints: Int
        let at: Timestamp
    }

    package private(set) var slot: SlotID?
    private(set) var instances: [String: Watched] = [:]
    /// Instances that became sick at the last look, or whose engine started them again.
    package private(set) var begun: [(instance: String, fault: InstanceFault)] = []
    /// Use of the CPU limit at the last looks, oldest first.
    private(set) var loads: [Share] = []
    /// Whether the source told the load of the whole slot at the last look.
    private(set) var isLoadKnown = false
    /// What all instances together used of the CPU limit of one, in basis points, when it was known last.
    private var used: Use?
    /// When an answer of the source was taken last, and how often there is another.
    private var measured: Timestamp?
    /// When the instances were compared last, and how often in the answers that are remembered; at the most
    /// ``looks``.
    private var compared: Timestamp?
    private var comparisons = 0
    /// Whether there is a source at all.
    private var isMeasured = true
    private var scrape = Duration.zero
    /// Why nothing may be concluded from the last look; nil when something may.
    package private(set) var blindness: String?
    /// Why degraded instances, and with them often the load, are not known; nil when they are.
    package private(set) var deafness: Deafness?
    /// That the signals name none of the provider's instances; nil when they do.
    package private(set) var strangers: String?
    /// Since when instances that serve are without signals; nil when none is.
    private var missingSince: Timestamp?
    private var looked: Timestamp?
    /// When the first of the looks was taken that count.
    private var began: Timestamp?
    private var count = 0

    package init() {}

    package static func == (left: LaneHealth, right: LaneHealth) -> Bool {
        let areMeasuredAlike =
            left.loads == right.loads && left.used == right.used && left.measured == right.measured
            && left.deafness == right.deafness && left.strangers == right.strangers
            && left.missingSince == right.missingSince
        return areMeasuredAlike && left.slot == right.slot && left.instances == right.instances
            && left.blindness == right.blindness && left.looked == right.looked
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
    ///
    /// - Parameter interval: Time between two scrapes of the source; nil where it counts every second.
    package mutating func look(
        at observed: SlotObservation, readings: InstanceReadings, scraping interval: Duration?,
        now: Timestamp
    ) {
        let gap = looked.map { now - $0 } ?? .zero
        if slot != observed.id { self = LaneHealth() }
        (slot, looked, begun) = (observed.id, now, [])
        scrape = interval ?? .zero
        if gap > Self.forgetting || gap < .zero { forgetLooks() }
        let memory = max(Self.forgetting, span)
        if let measured, now - measured > memory { forgetReadings() }
        if let compared, now - compared > memory { forgetComparisons() }
        began = began ?? now
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
        for instance in observed.instances { take(instance, beside: outliers, now) }
    }

    private var span: Duration { Self.span(scraping: scrape) }

    /// Expects what a heal brings, so that Airlock's own restart is no death.
    package mutating func expect(_ heal: Heal) {
        switch heal.action {
        case .restart(_, let instance, let starts):
            instances[instance]?.starts = starts + 1
            treat(instance)
        case .eject(_, let instance), .readmit(_, let instance): treat(instance)
        case .scale: loads = []
        case .replace, .start, .route, .stop, .run: return
        }
    }

    private mutating func treat(_ instance: String) {
        instances[instance]?.seen = []
        instances[instance]?.measured = []
        instances[instance]?.isTreated = true
    }

    private mutating func forgetLooks() {
        (count, began) = (0, nil)
        forgetReadings()
        for id in instances.keys { instances[id]?.seen = [] }
    }

    private mutating func forgetReadings() {
        (loads, measured) = ([], nil)
        forgetComparisons()
    }

    private mutating func forgetComparisons() {
        (compared, comparisons) = (nil, 0)
        for id in instances.keys { instances[id]?.measured = [] }
    }

    /// Takes what the source says; nil when that is nothing new of single instances.
    private mutating func take(
        _ readings: InstanceReadings, of observed: SlotObservation, _ now: Timestamp
    ) -> [String: InstanceFault]? {
        let missedBefore = missingSince
        (deafness, strangers, missingSince, isLoadKnown) = (nil, nil, nil, false)
        isMeasured = true
        switch readings {
        case .none:
            isMeasured = false
            forgetReadings()
            return nil
        case .down(let why):
            deafness = Deafness(lack: .signals, reason: why, isWorthSaying: true)
            loads = []
            return nil
        case .known(let counters, let load):
            let match = InstanceMatch(counters ?? [], to: observed)
            let isForeign =
                match.counters.isEmpty && !match.strangers.isEmpty && !match.missing.isEmpty
            if isForeign {
                strangers =
                    "the signals tell of \(Self.list(match.strangers)), the provider of "
                    + Self.list(match.missing)
            } else if counters != nil, !match.missing.isEmpty {
                deafen(
                    .signals, since: missedBefore ?? now, now,
                    "\(match.missing.count) of \(observed.instances.count) instances are without: "
                        + Self.list(match.missing))
                loads = []
                return nil
            } else if !match.uncounted.isEmpty {
                deafen(
                    .errors, since: missedBefore ?? now, now,
                    "`errors` has no series of \(Self.list(match.uncounted)), and `requests` has")
            }
            // A load that fewer tell than serve is not the slot's, unless it was measured as the slot's.
            let isWhole =
                !isForeign || match.strangers.count >= match.missing.count
                || counters?.contains(where: \.isCPUOfSlot) == true
            guard note(isWhole ? load : nil, of: observed, now), deafness == nil else { return nil }
            (compared, comparisons) = (now, min(Self.looks, comparisons + 1))
            return Outliers.faults(in: match.counters)
        }
    }

    private mutating func deafen(
        _ lack: Deafness.Lack, since: Timestamp, _ now: Timestamp, _ reason: String
    ) {
        missingSince = since
        deafness = Deafness(
            lack: lack, reason: reason, isWorthSaying: now - since >= max(Self.patience, span))
    }

    /// Notes the load of an answer.
    ///
    /// - Returns: Whether the answer counts: until the next scrape the same one comes again.
    private mutating func note(
        _ load: Share?, of observed: SlotObservation, _ now: Timestamp
    ) -> Bool {
        isLoadKnown = load != nil
        if load == nil { loads = [] }
        if let measured, scrape > Self.interval, now - measured < scrape { return false }
        measured = now
        guard let load else { return true }
        loads = (loads + [load]).suffix(Self.looks)
        let serving = observed.instances.count(where: \.isServing)
        used = Use(basisPoints: serving * load.basisPoints, at: now)
        return true
    }

    /// The first names of some.
    private static func list(_ names: [String]) -> String {
        // What names no instance at all is a sum over them.
        names.prefix(3).map { $0.isEmpty ? "one sum" : String($0.prefix(64)) }
            .joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }

    /// - Parameter outliers: Of the other instances; nil when the source says nothing new.
    private mutating func take(
        _ observed: InstanceObservation, beside outliers: [String: InstanceFault]?, _ now: Timestamp
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
        if watched.isTreated || deaths > 0 { watched.since = now }
        watched.isTreated = false
        let fault: InstanceFault? =
            switch observed.phase {
            case .failed: .failed
            case .unhealthy: .unhealthy
            case .healthy, .starting, .unknown: nil
            }
        watched.seen = (watched.seen + [fault]).suffix(Self.looks)
        if let fault { watched.last[fault] = now }
        if let outliers, isOfNow(watched, now) {
            let outlier = observed.phase == .healthy ? outliers[observed.id] : nil
            watched.measured = (watched.measured + [outlier]).suffix(Self.looks)
            if let outlier { watched.last[outlier] = now }
        }
        let sick = Self.sickness(watched, now)
        if let sick, sick != watched.sick, sick != .crashing { begun.append((observed.id, sick)) }
        watched.sick = sick
        instances[observed.id] = watched
    }

    /// Whether all that the source looks back on is of the instance as it is now.
    private func isOfNow(_ watched: Watched, _ now: Timestamp) -> Bool {
        guard let since = watched.since else { return true }
        // A clock that was set back makes nobody wait for longer.
        return now < since || now - since >= span
    }

    /// The worst fault that an instance showed at enough of the last looks.
    private static func sickness(_ watched: Watched, _ now: Timestamp) -> InstanceFault? {
        let inSpan = watched.deaths.count { now - $0 < crashSpan }
        let inDay = watched.deaths.count { now - $0 < day }
        if inSpan >= crashesPerSpan || inDay >= crashesPerDay { return .crashing }
        return InstanceFault.allCases.first { fault in
            let looks = fault.isDegraded ? watched.measured : watched.seen
            return looks.count { $0 == fault } >= needed(fault)
        }
    }

    /// At how many of the last ``looks`` a fault has to be seen. That an instance has ended is no matter
    /// of opinion.
    static func needed(_ fault: InstanceFault) -> Int { fault == .failed ? 2 : 3 }

    // MARK: Questions

    /// Whether enough looks were taken, and enough answers of the source, to say that something is over.
    var isWarm: Bool {
        guard count >= Self.looks, let began, let looked else { return false }
        return looked - began >= scrape * (Self.looks - 1)
    }

    /// Whether the source compares the instances, and did so often enough to say that a degraded one is well
    /// again. Where there is no source nobody will, and nothing is said because of that.
    var isCompared: Bool { !isMeasured || deafness == nil && comparisons >= Self.looks }

    /// What all instances together used of the CPU limit of one, in basis points; nil when that is not known
    /// or long ago.
    func used(at now: Timestamp) -> Int? {
        guard let used, now >= used.at, now - used.at < Self.loadMemory else { return nil }
        return used.basisPoints
    }

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
