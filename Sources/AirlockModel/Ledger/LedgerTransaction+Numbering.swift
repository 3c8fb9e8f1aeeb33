extension LedgerTransaction {
    /// Gives the writes what the journal keeps of the entries' numbers.
    ///
    /// The n-th ``JournalWrite/intent(_:)`` is given the number of the n-th `intended` entry of the
    /// same transaction; an intent without such an entry stays as it is.
    /// - Parameter first: The sequence number of the transaction's first entry.
    package mutating func number(from first: Int) {
        var intended = entries.indices.filter { entries[$0].kind == .intended }.makeIterator()
        for place in writes.indices {
            guard case .intent(var record) = writes[place] else { continue }
            guard let index = intended.next() else { return }
            record.entry = first + index
            writes[place] = .intent(record)
        }
    }

    /// The writes as ``number(from:)`` leaves them.
    package func writes(numberedFrom first: Int) -> [JournalWrite] {
        var numbered = self
        numbered.number(from: first)
        return numbered.writes
    }

    /// The entries with their numbers.
    /// - Parameter first: The sequence number of the transaction's first entry.
    package func entries(numberedFrom first: Int) -> [AuditEntry] {
        entries.enumerated().map { AuditEntry(sequence: first + $0.offset, draft: $0.element) }
    }
}
