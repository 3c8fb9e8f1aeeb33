import AirlockModel
import AirlockPorts

/// Holds the files beyond the signed size to the entries that a writer had for them.
///
/// A writer lays tiles before it signs them, and one that was killed in between leaves them behind:
/// such a file is the beginning of what the journal has, or, in a copy without one, of what the
/// bundles beside it have. Any other was put there by somebody else.
struct UnsignedTiles {
    private let log: AuditLog
    private let journal: (reading: JournalReading, count: Int)?
    /// Files that nothing accounts for so far.
    private var pending: Set<TilePath>

    /// - Parameter files: Tiles that a log of the signed size does not have.
    init(log: AuditLog, files: [TilePath]) throws(AuditFault) {
        self.log = log
        pending = Set(files)
        do throws(LedgerError) {
            guard let reading = try log.journal() else {
                journal = nil
                return
            }
            let count = try reading.readNow { db in try StoredEntry.count(db) }
            journal = (reading: reading, count: count)
        } catch {
            throw .unreadable("cannot compare with the journal: \(error)")
        }
    }

    /// Compares every file with what the entries behind the signed ones give.
    ///
    /// - Parameter signed: The right edge of the signed log.
    /// - Throws: ``AuditFault/damaged(place:what:)`` with a file that differs or that no entry accounts for.
    mutating func compare(after signed: MerkleEdge) throws(AuditFault) {
        guard !pending.isEmpty else { return }
        var edge = signed
        var index = signed.size / TilePath.fullWidth
        while !pending.isEmpty {
            let known = edge.size - index * TilePath.fullWidth
            let entries = try entries(ofBundle: index)
            guard entries.count > known else { break }
            let bundle = TilePath(.entries, index: index, width: entries.count)
            let leaves = entries.map { MerkleHash.leaf($0) }
            guard Array(leaves.prefix(known)) == edge.levels.first ?? [] else {
                throw .damaged(
                    place: journal == nil ? "audit/\(bundle)" : "ledger.sqlite, table entries",
                    what:
                        "the entries from \(index * TilePath.fullWidth) on are not the signed ones")
            }
            try compare(bundle) { EntryBundle.bytes(of: entries.prefix($0)) }
            for leaf in leaves.dropFirst(known) {
                for tile in edge.append(leaf) { try compare(tile) }
            }
            // Behind a partial bundle there is no other.
            guard !bundle.isPartial else { break }
            index += 1
        }
        for tile in edge.partials { try compare(tile) }
        guard let stray = pending.map(\.description).min() else { return }
        let advice = log.directory == nil ? "; a log that was being written is copied again" : ""
        throw .damaged(
            place: "audit/\(stray)",
            what: "no entry accounts for it: there are \(edge.size), \(signed.size) of them signed"
                + advice)
    }

    private mutating func compare(_ tile: MerkleEdge.Completed) throws(AuditFault) {
        try compare(tile.path) { Array(tile.hashes.prefix($0)).tileBytes }
    }

    /// Compares the forms of a tile up to the width that is known.
    private mutating func compare(
        _ path: TilePath, expected: (Int) -> [UInt8]
    ) throws(AuditFault) {
        let forms = pending.filter {
            $0.content == path.content && $0.index == path.index && $0.width <= path.width
        }
        for form in forms.sorted(by: { $0.width < $1.width }) {
            pending.remove(form)
            // A writer that is at work may have put a wider form in its place.
            guard
                let bytes = try log.read(
                    "\(log.path)/\(form)", limit: AuditLog.maximumFileBytes)
            else { continue }
            let wanted = expected(form.width)
            guard bytes != wanted else { continue }
            let offset = zip(bytes, wanted).enumerated().first { $1.0 != $1.1 }?.offset
            throw .damaged(
                place: "audit/\(form) offset \(offset ?? min(bytes.count, wanted.count))",
                what: "it is not what the entries behind the signed ones give")
        }
    }

    /// The entries of a bundle as far as they are known; none where none is known beyond the signed.
    private func entries(ofBundle index: Int) throws(AuditFault) -> [[UInt8]] {
        let first = index * TilePath.fullWidth
        if let journal {
            guard first < journal.count else { return [] }
            let range = first..<min(first + TilePath.fullWidth, journal.count)
            do throws(LedgerError) {
                return try journal.reading.readNow { db in
                    try StoredEntry.all(in: range, of: db).map(\.bytes)
                }
            } catch {
                throw .unreadable("cannot compare with the journal: \(error)")
            }
        }
        let forms = pending.filter { $0.content == .entries && $0.index == index }
        guard let widest = forms.map(\.width).max() else { return [] }
        let bundle = try log.bundle(index: index, count: widest)
        for (offset, bytes) in bundle.entries.enumerated() {
            _ = try AuditLog.entry(bytes, sequence: first + offset, in: bundle.path)
        }
        return bundle.entries
    }
}
