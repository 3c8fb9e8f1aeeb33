import AirlockModel
import AirlockPorts
import GRDB

/// Publishes the journal's entries as tiles and signs checkpoints over them.
///
/// A value: a failed publish changes only a copy, so that the next one starts from what is signed.
struct AuditWriter: Sendable {
    let directory: StateDirectory
    let journal: Journal
    let reading: JournalReading
    let key: SigningKey
    let origin: FleetName
    /// The right edge of the log that is signed.
    var edge = MerkleEdge()
    /// Whether folders may have been made that are not durable yet.
    var doubtsFolders = true

    private var draft: String { TileBatch.draft(in: directory.audit) }

    /// Writes tiles for the entries up to `size`, then signs and replaces the checkpoint.
    ///
    /// - Returns: The tiles that became full, for ``tidy(_:)``.
    mutating func publish(upTo size: Int) throws(LedgerError) -> [TilePath] {
        guard size > edge.size else { return [] }
        let completed = try lay(upTo: size, keepingWhatIsThere: false)
        try sign()
        doubtsFolders = false
        return completed
    }

    /// Removes the partial forms of tiles whose full form is signed.
    func tidy(_ completed: [TilePath]) throws(LedgerError) {
        for path in completed { try removePartials(of: path) }
    }

    /// Writes bundles and tiles up to `size` and syncs them and their folders.
    ///
    /// - Parameter keepingWhatIsThere: A file that exists must have the right content and is not
    ///   written again; else it is replaced.
    /// - Returns: The tiles and bundles that became full.
    mutating func lay(
        upTo size: Int, keepingWhatIsThere: Bool
    ) throws(LedgerError) -> [TilePath] {
        var batch = TileBatch(folder: directory.audit, syncsParents: doubtsFolders)
        var completed: [TilePath] = []
        let width = TilePath.fullWidth
        let unchanged = keepingWhatIsThere ? [] : Set(edge.partials.map(\.path))
        for index in stride(from: edge.size / width, to: (size + width - 1) / width, by: 1) {
            let range = index * width..<min(size, (index + 1) * width)
            let entries = try reading.readNow { db in try StoredEntry.all(in: range, of: db) }
            let known = edge.size - range.lowerBound
            guard known == 0 || entries.prefix(known).map(\.leaf) == edge.levels.first else {
                throw .corrupt(
                    what: "ledger.sqlite, entries \(range.lowerBound)…: not those of the audit log")
            }
            let bundle = TilePath(.entries, index: index, width: range.count)
            try put(
                bundle, EntryBundle.bytes(of: entries.map(\.bytes)), keepingWhatIsThere, &batch)
            if !bundle.isPartial { completed.append(bundle) }
            for entry in entries.dropFirst(known) {
                for tile in edge.append(entry.leaf) {
                    try put(tile.path, tile.hashes.tileBytes, keepingWhatIsThere, &batch)
                    completed.append(tile.path)
                }
            }
        }
        for tile in edge.partials where !unchanged.contains(tile.path) {
            try put(tile.path, tile.hashes.tileBytes, keepingWhatIsThere, &batch)
        }
        try batch.finish()
        return completed
    }

    /// Signs the edge and stores the checkpoint, first on disk and then in the journal, while no
    /// other writer can begin.
    private func sign() throws(LedgerError) {
        let checkpoint = Checkpoint(
            origin: origin.description, size: edge.size, root: edge.root)
        let note: [UInt8]
        do throws(NoteError) {
            note = try SignedNote.sign(checkpoint.text, as: origin.description, with: key)
        } catch {
            throw .storage("cannot sign the audit log: \(error)")
        }
        try journal.write { db in
            try DurableFile.replace(directory.checkpoint, with: note, draft: draft)
            try DurableFile.sync(folder: directory.audit)
            try JournalMeta.checkpoint.put(String(decoding: note, as: UTF8.self), in: db)
        }
    }

    private func put(
        _ path: TilePath, _ bytes: [UInt8], _ keepingWhatIsThere: Bool,
        _ batch: inout TileBatch
    ) throws(LedgerError) {
        let file = "\(directory.audit)/\(path)"
        if keepingWhatIsThere,
            let found = try DurableFile.read(file, limit: AuditLog.maximumFileBytes)
        {
            guard found == bytes else {
                throw .corrupt(what: "audit/\(path): not what the journal says")
            }
            return
        }
        try batch.put(bytes, at: file)
    }

    /// Removes the partial forms of a tile whose full form is signed; the specification allows it.
    private func removePartials(of path: TilePath) throws(LedgerError) {
        let folder = "\(directory.audit)/\(path.folderOfPartials)"
        guard let names = try DurableFile.names(in: folder) else { return }
        for name in names { try DurableFile.remove("\(folder)/\(name)") }
        try DurableFile.remove(folder)
    }
}
