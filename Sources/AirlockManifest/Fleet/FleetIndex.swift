import AirlockModel
import HashTreeCollections

/// Which blob lies where, and who uses it.
struct FleetIndex: Sendable {
    /// The blob of each document in the tree.
    private(set) var objects: TreeDictionary<Subject, ObjectID> = [:]
    /// What lies under the read paths and is never read.
    private(set) var refused: [String: Refusal] = [:]
    /// The environments for which a service has a file.
    private(set) var releases: TreeDictionary<UnitName, Set<EnvironmentName>> = [:]
    /// The environments that have a file.
    private(set) var environments: Set<EnvironmentName> = []
    /// How many entries lie in each service's folder.
    private(set) var entries: TreeDictionary<UnitName, Int> = [:]
    /// The number of entries below `services/`.
    private(set) var serviceFileCount = 0
    /// Documents that nobody has read yet, with a path at which each lies.
    private(set) var unread: [DocumentKey: String] = [:]
    private var uses: TreeDictionary<DocumentKey, Int> = [:]

    struct Refusal: Hashable, Sendable {
        let problem: Problem
        let parks: Subject?
    }

    /// What a difference moved.
    struct Impact {
        var paths: Set<String> = []
        var subjects: Set<Subject> = []
        /// Documents that lost a user.
        var released: Set<DocumentKey> = []
        /// Whether environments or services came or went.
        var movesNames = false

        /// Whether what moved concerns no more than the lanes that it touches.
        var isNarrow: Bool {
            !movesNames
                && subjects.allSatisfy { subject in
                    switch subject {
                    case .service, .release, .simulation: true
                    case .fleet, .environment: false
                    }
                }
        }
    }

    func uses(_ key: DocumentKey) -> Bool { uses[key] != nil }

    /// Takes the difference in.
    mutating func apply(_ delta: TreeDelta) -> Impact {
        var impact = Impact()
        for change in delta.changes {
            switch change {
            case .remove(let path):
                impact.paths.insert(path)
                remove(path, &impact)
            case .set(let entry):
                let meaning = ReadPath(entry.path, kind: entry.kind)
                if isKnown(entry, meaning) { continue }
                impact.paths.insert(entry.path)
                remove(entry.path, &impact)
                set(entry, meaning, &impact)
            }
        }
        return impact
    }

    /// Counts every file with the contents `key` as moved: they could not be read before.
    func touch(_ key: DocumentKey, _ impact: inout Impact) {
        for (subject, object) in objects where subject.kind == key.kind && object == key.object {
            impact.subjects.insert(subject)
        }
    }

    /// Forgets what is unread of documents that were read or are gone.
    mutating func settleUnread(_ isRead: (DocumentKey) -> Bool) {
        unread = unread.filter { uses[$0.key] != nil && !isRead($0.key) }
    }

    /// The lanes that have or had a file among what moved.
    func lanes(touchedBy impact: Impact) -> Set<LaneID> {
        var lanes: Set<LaneID> = []
        var environments: Set<EnvironmentName> = []
        for subject in impact.subjects {
            switch subject {
            case .fleet, .simulation: break
            case .environment(let name): environments.insert(name)
            case .release(let unit, let environment):
                lanes.insert(Self.lane(environment, unit))
            case .service(let unit):
                for environment in releases[unit] ?? [] {
                    lanes.insert(Self.lane(environment, unit))
                }
            }
        }
        if environments.isEmpty { return lanes }
        for (unit, released) in releases {
            for environment in released.intersection(environments) {
                lanes.insert(Self.lane(environment, unit))
            }
        }
        return lanes
    }

    static func lane(_ environment: EnvironmentName, _ unit: UnitName) -> LaneID {
        LaneID(environment: environment, unit: UnitID(kind: .service, name: unit))
    }

    private func isKnown(_ entry: TreeEntry, _ meaning: ReadPath) -> Bool {
        guard case .document(let subject) = meaning else { return false }
        return objects[subject] == entry.object && refused[entry.path] == nil
    }

    private mutating func set(
        _ entry: TreeEntry, _ meaning: ReadPath, _ impact: inout Impact
    ) {
        switch meaning {
        case .ignored: return
        case .refused(let problem, let parks):
            refused[entry.path] = Refusal(problem: problem, parks: parks)
            if let parks {
                impact.subjects.insert(parks)
                impact.movesNames = true
            }
        case .document(let subject):
            objects[subject] = entry.object
            impact.subjects.insert(subject)
            let key = DocumentKey(object: entry.object, kind: subject.kind)
            uses[key, default: 0] += 1
            unread[key] = entry.path
            switch subject {
            case .fleet, .simulation: break
            case .environment(let name):
                environments.insert(name)
                impact.movesNames = true
            case .service(let unit): count(unit, by: 1, &impact)
            case .release(let unit, let environment):
                releases[unit, default: []].insert(environment)
                count(unit, by: 1, &impact)
            }
        }
        if entry.path.hasPrefix("services/") { serviceFileCount += 1 }
    }

    private mutating func remove(_ path: String, _ impact: inout Impact) {
        var found = false
        if let refusal = refused.removeValue(forKey: path) {
            found = true
            if let parks = refusal.parks {
                impact.subjects.insert(parks)
                impact.movesNames = true
            }
        } else if case .document(let subject) = ReadPath(path),
            let object = objects.removeValue(forKey: subject)
        {
            found = true
            impact.subjects.insert(subject)
            release(DocumentKey(object: object, kind: subject.kind), &impact)
            switch subject {
            case .fleet, .simulation: break
            case .environment(let name):
                environments.remove(name)
                impact.movesNames = true
            case .service(let unit): count(unit, by: -1, &impact)
            case .release(let unit, let environment):
                releases[unit]?.remove(environment)
                if releases[unit]?.isEmpty == true { releases[unit] = nil }
                count(unit, by: -1, &impact)
            }
        }
        if found, path.hasPrefix("services/") { serviceFileCount -= 1 }
    }

    private mutating func release(_ key: DocumentKey, _ impact: inout Impact) {
        impact.released.insert(key)
        uses[key] = uses[key].flatMap { $0 > 1 ? $0 - 1 : nil }
    }

    private mutating func count(_ unit: UnitName, by step: Int, _ impact: inout Impact) {
        let before = entries[unit] ?? 0
        entries[unit] = before + step == 0 ? nil : before + step
        if before == 0 || before + step == 0 { impact.movesNames = true }
    }
}
