import AirlockModel
import Foundation

/// A transaction with the payloads of its large records, spelled by the caller.
///
/// One thread writes the journal; what can be done beside it is done before.
struct SpelledTransaction: Sendable {
    let transaction: LedgerTransaction
    /// By position of the write; nil where the journal spells the record itself.
    let payloads: [Data?]
    let entries: [SpelledEntry]

    init(_ transaction: LedgerTransaction) throws {
        self.transaction = transaction
        entries = transaction.entries.map { SpelledEntry($0) }
        payloads = try transaction.writes.map { write in
            switch write {
            case .operation(let record): try SealedRow.payload(record)
            case .lane(let record): try SealedRow.payload(record)
            case .rollout(let record): try SealedRow.payload(record)
            case .intent(let record): try StoredIntent.payload(record)
            case .trustRoot, .head, .rewrite, .settle, .freeze, .thaw, .quarantine, .release,
                .revert, .steering, .verified, .claimed, .clock, .stop:
                nil
            }
        }
    }

    /// The numbers of its entries when the first has this one.
    func numbers(from first: Int) -> [Int] { Array(first..<first + entries.count) }
}
