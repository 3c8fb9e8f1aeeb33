import AirlockModel
import AirlockPorts

extension AuditWriter {
    /// Brings edge, tiles and checkpoint in step with the journal at the start of a writer.
    ///
    /// Missing tiles are made again from the journal; a difference between what is signed and what
    /// the journal holds is a halt.
    /// - Throws: ``LedgerError/corrupt(what:)`` with the place of the difference.
    /// - Returns: How many entries were laid anew because tiles were missing, and whether the checkpoint was, and was
    ///   put back from the journal.
    mutating func recover() throws(LedgerError) -> (relaid: Int, hadNoCheckpoint: Bool) {
        for name in try DurableFile.names(in: directory.audit) ?? []
        where TileBatch.isDraft(name) {
            try DurableFile.remove("\(directory.audit)/\(name)")
        }
        let key = try verifierKey()
        let (count, spelled) = try reading.readNow { db in
            (try StoredEntry.count(db), try JournalMeta.checkpoint.get(String.self, in: db))
        }
        let stored = try spelled.map { text throws(LedgerError) in
            try Self.read(Array(text.utf8), key, place: "ledger.sqlite, last checkpoint")
        }
        let file = try DurableFile.read(directory.checkpoint, limit: SignedNote.maximumBytes)
        let onDisk = try file.map { bytes throws(LedgerError) in
            try Self.read(bytes, key, place: "audit/checkpoint")
        }
        guard let signed = onDisk ?? stored else { return (0, false) }
        guard signed.size <= count else {
            throw .corrupt(
                what: "audit/checkpoint covers \(signed.size) entries, the journal has \(count)")
        }
        if let stored, stored.size > signed.size {
            throw .corrupt(
                what: "audit/checkpoint covers \(signed.size) entries, the last one that was "
                    + "signed covers \(stored.size): the log was cut short")
        }
        if let stored, stored.size == signed.size, stored.root != signed.root {
            throw .corrupt(what: "audit/checkpoint is not the one that the journal has")
        }
        let relaid = try restoreEdge(to: signed)
        if onDisk == nil, let spelled {
            try DurableFile.replace(
                directory.checkpoint, with: Array(spelled.utf8),
                draft: TileBatch.draft(in: directory.audit))
            try DurableFile.sync(folder: directory.audit)
        }
        return (relaid, onDisk == nil)
    }

    /// The key under the log's name.
    private func verifierKey() throws(LedgerError) -> VerifierKey {
        guard let key = key.verifierKey(name: origin.description) else {
            throw .corrupt(what: "\(origin) cannot be the name of a key")
        }
        return key
    }

    private static func read(
        _ note: [UInt8], _ key: VerifierKey, place: String
    ) throws(LedgerError) -> Checkpoint {
        do throws(NoteError) {
            return try Checkpoint(note: note, key: key)
        } catch {
            throw .corrupt(what: "\(place): not signed by keys/audit (\(error))")
        }
    }

    /// Reads the right edge from disk when every tile is there, else lays all tiles anew.
    private mutating func restoreEdge(to signed: Checkpoint) throws(LedgerError) -> Int {
        var relaid = 0
        if try isComplete(signed.size), let found = try readEdge(signed.size) {
            edge = found
        } else {
            edge = MerkleEdge()
            _ = try lay(upTo: signed.size, keepingWhatIsThere: true)
            relaid = signed.size
        }
        guard edge.root == signed.root else {
            throw .corrupt(what: "audit/checkpoint: its root is not that of the tiles")
        }
        try compareNewest(signed.size)
        return relaid
    }

    /// Holds the newest bundle and the newest tile of leaves, as they are on disk, to the journal.
    ///
    /// The root above covers the hashes of the right edge; `audit verify` reads everything else.
    private func compareNewest(_ size: Int) throws(LedgerError) {
        guard size > 0 else { return }
        let index = (size - 1) / TilePath.fullWidth
        let range = index * TilePath.fullWidth..<size
        let entries = try reading.readNow { db in try StoredEntry.all(in: range, of: db) }
        let newest: [(TilePath.Content, [UInt8])] = [
            (.entries, EntryBundle.bytes(of: entries.map(\.bytes))),
            (.hashes(level: 0), entries.map(\.leaf).tileBytes),
        ]
        for (content, bytes) in newest {
            let path = TilePath(content, index: index, width: range.count)
            let found = try DurableFile.read(
                "\(directory.audit)/\(path)", limit: AuditLog.maximumFileBytes)
            guard found == bytes else {
                throw .corrupt(
                    what: "audit/\(path) does not hold what the journal has; "
                        + "`airlock audit verify` names the place")
            }
        }
    }

    /// Whether every bundle and tile of a log of that size is there, looking at their names alone.
    private func isComplete(_ size: Int) throws(LedgerError) -> Bool {
        let width = TilePath.fullWidth
        let levels = (0..<MerkleEdge.levelCount(ofSize: size)).map {
            TilePath.Content.hashes(level: $0)
        }
        for content in levels + [.entries] {
            let level: Int =
                switch content {
                case .hashes(let level): level
                case .entries: 0
                }
            let count = size >> (8 * level)
            let full = (0..<count / width).lazy.map { TilePath(content, index: $0) }
            for path in full where !DurableFile.exists("\(directory.audit)/\(path)") {
                return false
            }
            for path in TilePath.edge(of: content, count: count)
            where !DurableFile.exists("\(directory.audit)/\(path)") { return false }
        }
        return true
    }

    private func readEdge(_ size: Int) throws(LedgerError) -> MerkleEdge? {
        var levels: [[MerkleHash]] = []
        for level in 0..<MerkleEdge.levelCount(ofSize: size) {
            var hashes: [MerkleHash] = []
            for path in TilePath.edge(of: .hashes(level: level), count: size >> (8 * level)) {
                let bytes = try DurableFile.read(
                    "\(directory.audit)/\(path)", limit: AuditLog.maximumFileBytes)
                guard let bytes, let found = [MerkleHash](tileBytes: bytes) else { return nil }
                guard found.count == path.width else {
                    throw .corrupt(what: "audit/\(path): \(bytes.count) bytes")
                }
                hashes = found
            }
            levels.append(hashes)
        }
        return MerkleEdge(size: size, levels: levels)
    }
}
