extension LedgerTransaction {
    /// The writes as the journal keeps them, once the entries have their numbers.
    ///
    /// The n-th ``JournalWrite/intent(_:)`` is given the number of the n-th `intended` entry of the
    /// same transaction; an intent without such an entry stays as it is.
    /// - Parameter first: The sequence number of the transaction's first entry.
    package func writes(numberedFrom first: Int) -> [JournalWrite] {
        var intended = entries.indices.filter { entries[$0].kind == .intended }.makeIterator()
        return writes.map { write in
            guard case .intent(var record) = write else { return write }
            if let index = intended.next() { record.entry = first + index }
            return .intent(record)
        }
    }

    /// The entries with their numbers.
    /// - Parameter first: The sequence number of the transaction's first entry.
    package func entries(numberedFrom first: Int) -> [AuditEntry] {
        entries.enumerated().map { AuditEntry(sequence: first + $0.offset, draft: $0.element) }
    }
}
