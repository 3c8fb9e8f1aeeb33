import AirlockModel
import AirlockPorts

/// What a verification found to be in order.
package struct AuditVerification: Hashable, Sendable {
    /// The signed head that everything was compared with.
    package let checkpoint: Checkpoint
    /// Files that were compared, the checkpoint included.
    package let files: Int
    /// Files of a tree larger than the signed one, compared with the entries that are not signed yet;
    /// a writer is at work, or was killed at it.
    package let unsigned: Int
}

extension AuditLog {
    /// Recomputes the whole log from its entries and compares every file with it; files beyond the
    /// signed size with the journal's entries that are not signed yet.
    ///
    /// - Parameter key: A copy of the key that was kept elsewhere; the ledger's own when nil.
    /// - Parameter progress: Called after each bundle with the entries done and their total.
    /// - Throws: ``AuditFault/damaged(place:what:)`` with the first difference,
    ///   ``AuditFault/cutShort(size:signed:)`` when the ledger beside it signed more.
    package func verify(
        key: VerifierKey? = nil, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(AuditFault) -> AuditVerification {
        let checkpoint = try comparedCheckpoint(key: key)
        var comparison = TileComparison(log: self, size: checkpoint.size)
        var intended = IntendedEntries()
        let width = TilePath.fullWidth
        for index in 0..<(checkpoint.size + width - 1) / width {
            let count = min(width, checkpoint.size - index * width)
            let bundle = try bundle(index: index, count: count)
            for (offset, bytes) in bundle.entries.enumerated() {
                let sequence = index * width + offset
                let entry = try Self.entry(bytes, sequence: sequence, in: bundle.path)
                try intended.take(entry, place: "audit/\(bundle.path) entry \(offset)")
            }
            try comparison.take(bundle.entries, of: bundle.path)
            progress(index * width + count, checkpoint.size)
        }
        try comparison.finish(signedRoot: checkpoint.root)
        let (files, beyond) = try compareNames(size: checkpoint.size)
        // The journal is counted after the names were read: what a writer laid is in it by then.
        var unsigned = try UnsignedTiles(log: self, files: beyond)
        try unsigned.compare(after: comparison.edge)
        return AuditVerification(checkpoint: checkpoint, files: files, unsigned: beyond.count)
    }

    /// The signed head of the log, held to the last one that the ledger beside it remembers.
    ///
    /// - Throws: ``AuditFault/cutShort(size:signed:)`` when the ledger signed more, as beside an older copy
    ///   of the log; no reconciler starts there.
    package func comparedCheckpoint(key: VerifierKey? = nil) throws(AuditFault) -> Checkpoint {
        // The ledger first: a writer that is at work signs on, so that the log may be ahead of it.
        let known = try ledgerCheckpoint()
        let found: Checkpoint
        do throws(AuditFault) { found = try checkpoint(key: key) } catch {
            guard known != nil, case .missing("\(path)/checkpoint") = error else { throw error }
            throw .damaged(
                place: "audit/checkpoint",
                what:
                    "it is missing beside the tiles; the next start puts back the last one that was signed"
            )
        }
        if let known { try Self.compare(found, with: known) }
        return found
    }

    /// The journal of the ledger beside the log; nil when there is none.
    func journal() throws(LedgerError) -> JournalReading? {
        guard let directory, directory.hasJournal else { return nil }
        return try JournalReading(path: directory.ledger, schema: .current)
    }

    /// The last checkpoint that the ledger beside the log remembers; nil when there is none.
    private func ledgerCheckpoint() throws(AuditFault) -> Checkpoint? {
        let spelled: String?
        do throws(LedgerError) {
            guard let reading = try journal() else { return nil }
            spelled = try reading.readNow { db in
                try JournalMeta.checkpoint.get(String.self, in: db)
            }
        } catch {
            throw .unreadable("cannot compare with the journal: \(error)")
        }
        guard let spelled else { return nil }
        let note: SignedNote
        do throws(NoteError) {
            note = try SignedNote(Array(spelled.utf8))
        } catch {
            throw .damaged(place: "ledger.sqlite, last checkpoint", what: "\(error)")
        }
        guard let known = Checkpoint(text: note.text) else {
            throw .damaged(place: "ledger.sqlite, last checkpoint", what: "it is not one")
        }
        return known
    }

    private static func compare(
        _ found: Checkpoint, with known: Checkpoint
    ) throws(AuditFault) {
        guard known.size <= found.size else {
            throw .cutShort(size: found.size, signed: known.size)
        }
        guard known.size < found.size || known == found else {
            throw .damaged(
                place: "audit/checkpoint", what: "the ledger signed another log of this size")
        }
    }

    /// Every file below the folder must be one of the log's; returns how many are, and those that
    /// only a larger tree has.
    private func compareNames(size: Int) throws(AuditFault) -> (files: Int, beyond: [TilePath]) {
        var files = 0
        var beyond: [TilePath] = []
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try names(in: "\(path)/\(folder)") {
                let file = folder.isEmpty ? name : "\(folder)/\(name)"
                if try namesIfFolder("\(path)/\(file)") != nil {
                    folders.append(file)
                } else if file == "checkpoint" {
                    files += 1
                } else if let tile = TilePath(file) {
                    if tile.isWithin(size) { files += 1 } else { beyond.append(tile) }
                } else if !TileBatch.isDraft(file) {
                    throw .damaged(place: "audit/\(file)", what: "it does not belong to the log")
                }
            }
        }
        return (files, beyond)
    }

    private func names(in folder: String) throws(AuditFault) -> [String] {
        try namesIfFolder(folder) ?? []
    }

    /// The names in a folder; nil for a file.
    func namesIfFolder(_ folder: String) throws(AuditFault) -> [String]? {
        do throws(LedgerError) {
            return try DurableFile.names(in: folder)
        } catch {
            throw .unreadable("\(error)")
        }
    }
}

/// Which entries opened an effect; each `settled` must end one of them.
private struct IntendedEntries {
    private var words: [UInt64] = []

    mutating func take(_ entry: AuditEntry, place: String) throws(AuditFault) {
        switch entry.draft.kind {
        case .intended:
            let word = entry.sequence / 64
            if word >= words.count {
                words += Array(repeating: 0, count: word + 1 - words.count)
            }
            words[word] |= 1 << UInt64(entry.sequence % 64)
        case .settled:
            guard let about = entry.draft.about, contains(about) else {
                throw .damaged(place: place, what: "it ends no intended entry before it")
            }
        case .started, .adopted, .claimed, .commitAccepted, .commitRefused, .decision, .evidence,
            .drift, .frozen, .thawed, .healing, .paged, .quarantined, .released, .alarm, .clock,
            .trust:
            break
        }
    }

    private func contains(_ sequence: Int) -> Bool {
        sequence >= 0 && sequence / 64 < words.count
            && words[sequence / 64] & 1 << UInt64(sequence % 64) != 0
    }
}

extension TilePath {
    /// Whether a log of `size` entries has this tile or had it when it was smaller.
    func isWithin(_ size: Int) -> Bool {
        let count: Int =
            switch content {
            case .hashes(let level): level < 8 ? size >> (8 * level) : 0
            case .entries: size
            }
        return index * Self.fullWidth + width <= count
    }
}
