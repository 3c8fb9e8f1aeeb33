package import AirlockModel
import AirlockPorts

/// A whole log as `airlock audit export` writes it: one entry a line, and no signature.
package struct AuditExport: Sendable {
    /// In their order; the first has number 0.
    package let entries: [AuditEntry]
    /// The root of the tree over them, which a signed checkpoint of the same size has too.
    package let root: MerkleHash

    /// Reads an export.
    ///
    /// - Throws: ``AuditFault/damaged(place:what:)`` with the first line that is not the entry of its
    ///   number.
    package init(bytes: [UInt8]) throws(AuditFault) {
        var entries: [AuditEntry] = []
        var range = CompactRange()
        for line in bytes.split(separator: 0x0A) {
            let place = "line \(entries.count + 1) of the export"
            guard line.count <= AuditEntry.maximumBytes else {
                throw .damaged(place: place, what: "it is longer than any entry")
            }
            let entry: AuditEntry
            do throws(AuditEntryError) { entry = try AuditEntry(bytes: Array(line)) } catch {
                throw .damaged(place: place, what: "it is not an entry: \(error)")
            }
            guard entry.sequence == entries.count else {
                throw .damaged(
                    place: place, what: "it is entry \(entry.sequence), not \(entries.count)")
            }
            range.append(.leaf(Array(line)))
            entries.append(entry)
        }
        self.entries = entries
        root = range.root
    }

    /// Holds the entries to a signed checkpoint of a log of the same size.
    ///
    /// - Throws: ``AuditFault/damaged(place:what:)`` when `note` is not signed by `key` or covers
    ///   other entries.
    package func check(against note: [UInt8], key: VerifierKey) throws(AuditFault) {
        let checkpoint = try AuditLog.checkpoint(note, key)
        guard checkpoint.size == entries.count else {
            throw .damaged(
                place: "export",
                what:
                    "it has \(entries.count) entries, and the checkpoint covers \(checkpoint.size)")
        }
        guard checkpoint.root == root else {
            throw .damaged(
                place: "export", what: "its entries do not lead to the root of the checkpoint")
        }
    }
}
