package import AirlockModel
import HashTreeCollections

/// Turns differences between trees into fleets, with work proportional to the difference.
///
/// What a blob says is remembered by its id, and a lane is put together again only when one of the
/// objects it was read from changed. A copy of the value goes its own way.
package struct FleetDecoder: Sendable {
    var index = FleetIndex()
    /// What the blobs in use say.
    var documents: TreeDictionary<DocumentKey, DecodedDocument> = [:]
    /// The bytes that ``documents`` were read from.
    package private(set) var bytes = 0
    var lanes: LaneTable<DesiredLane> = [:]
    var unitFindings: [UnitName: UnitFindings] = [:]
    var laneDiagnostics: [LaneID: [Diagnostic]] = [:]
    /// Lanes touched by commits that were refused since the last good one.
    private var pending: Set<LaneID> = []
    /// Whether such a commit moved more than lanes.
    private var isPendingWide = false

    package init() {}

    /// Documents whose contents are needed before `delta` is applied, sorted by path: those not
    /// read before, each blob once for each kind, and those that could not be had before.
    package func wantedDocuments(_ delta: TreeDelta) -> [WantedDocument] {
        var seen: Set<DocumentKey> = []
        var wanted: [WantedDocument] = []
        for change in delta.changes {
            guard
                case .set(let entry) = change,
                case .document(let subject) = ReadPath(entry.path, kind: entry.kind)
            else { continue }
            let key = DocumentKey(object: entry.object, kind: subject.kind)
            if documents[key] == nil, seen.insert(key).inserted {
                wanted.append(WantedDocument(path: entry.path, key: key))
            }
        }
        for (key, path) in index.unread where seen.insert(key).inserted {
            wanted.append(WantedDocument(path: path, key: key))
        }
        return wanted.sorted { $0.path < $1.path }
    }

    /// Object ids whose contents are needed before `delta` is applied, sorted.
    package func wanted(_ delta: TreeDelta) -> [ObjectID] {
        Set(wantedDocuments(delta).map(\.key.object)).sorted()
    }

    /// Applies the difference and gives the fleet; documents are read one after the other.
    ///
    /// - Parameter blobs: The contents of what ``wanted(_:)`` named; one left out is a diagnostic.
    /// - Parameter causes: The commits on the first-parent line that changed paths.
    /// - Parameter commit: The cause where `causes` says nothing.
    package mutating func apply(
        _ delta: TreeDelta, blobs: [ObjectID: [UInt8]], commit: CommitID?,
        causes: Causes = Causes()
    ) -> DecodedFleet {
        let read = wantedDocuments(delta).compactMap { wanted in
            blobs[wanted.key.object].map { DecodedDocument(wanted.key, bytes: $0) }
        }
        return apply(delta, documents: read, commit: commit, causes: causes)
    }

    /// Applies the difference and gives the fleet.
    ///
    /// - Parameter documents: What ``wantedDocuments(_:)`` named, read elsewhere and in any order.
    package mutating func apply(
        _ delta: TreeDelta, documents read: [DecodedDocument], commit: CommitID?,
        causes: Causes = Causes()
    ) -> DecodedFleet {
        var counts = DecodeCounts()
        let late = Set(index.unread.keys)
        var impact = index.apply(delta)
        for document in read where index.uses(document.key) {
            bytes += document.size - (documents[document.key]?.size ?? 0)
            documents[document.key] = document
            counts.documentsDecoded += 1
            if late.contains(document.key) { index.touch(document.key, &impact) }
        }
        for key in impact.released where !index.uses(key) {
            bytes -= documents.removeValue(forKey: key)?.size ?? 0
        }
        index.settleUnread { documents[$0] != nil }

        let touched = index.lanes(touchedBy: impact)
        for lane in touched {
            counts.lanesAssembled += 1
            lanes[lane] = assemble(lane) { paths in
                let moved = paths.filter(impact.paths.contains)
                return moved.isEmpty ? nil : causes.last(changing: moved) ?? commit
            }
            let found =
                diagnostics(of: .release(lane.unit.name, lane.environment))
                + signalDiagnostics(of: lane)
            laneDiagnostics[lane] = found.isEmpty ? nil : found
        }
        // What parks a service parks its lanes in every environment, also those that git lost.
        let isMoved = checkUnits(impact)
        let isNarrow = impact.isNarrow && !isMoved
        return result(touched: touched, isNarrow: isNarrow, counts: counts)
    }

    private mutating func result(
        touched: Set<LaneID>, isNarrow: Bool, counts: DecodeCounts
    ) -> DecodedFleet {
        pending.formUnion(touched)
        if !isNarrow { isPendingWide = true }
        let assembled = assembleFleet()
        let simulation = simulation()
        defer {
            if assembled.fleet != nil { (pending, isPendingWide) = ([], false) }
        }
        return DecodedFleet(
            fleet: assembled.fleet,
            diagnostics: Set(assembled.diagnostics + simulation.diagnostics).sorted(),
            simulation: simulation.spec, touched: pending, isNarrow: !isPendingWide, counts: counts)
    }

    /// Puts one lane together from its three documents; nil when one of them is absent or bad.
    private func assemble(_ id: LaneID, cause: ([String]) -> CommitID?) -> DesiredLane? {
        let unit = id.unit.name
        let subjects: [Subject] = [
            .release(unit, id.environment), .service(unit), .environment(id.environment),
        ]
        var readSet: [String: ObjectID] = [:]
        for subject in subjects {
            guard let object = index.objects[subject] else { return nil }
            readSet[subject.path] = object
        }
        guard
            case .release(let release) = value(of: subjects[0]),
            case .service(let service) = value(of: subjects[1]),
            case .environment = value(of: subjects[2])
        else { return nil }
        return DesiredLane(
            lane: id, owner: service.owner, group: service.group, release: release,
            template: service.template, signals: service.signals, verify: service.verify,
            readSet: readSet, cause: cause(subjects.map(\.path)) ?? lanes[id]?.cause)
    }

    /// What the file of `subject` says; nil when it is absent or bad.
    func value(of subject: Subject) -> DocumentValue? {
        document(of: subject)?.value
    }

    func document(of subject: Subject) -> DecodedDocument? {
        index.objects[subject].flatMap {
            documents[DocumentKey(object: $0, kind: subject.kind)]
        }
    }
}
