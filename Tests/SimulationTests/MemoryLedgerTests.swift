import AirlockMemory
import AirlockModel
import Testing

/// The ledger of simulated lives spells only entries whose text may be cut.
@Suite("the ledger in memory")
struct MemoryLedgerTests {
    @Test(
        "an entry is kept as its bytes spell it, however long its texts are",
        arguments: [10, 300, 1_025, 2_048, 2_049, 5_000])
    func keptAsSpelled(length: Int) async throws {
        for filler in ["z", "\"", "\u{1}", "é"] {
            for count in [1, 3, 6, 9] {
                var draft = AuditDraft(
                    kind: .decision, time: Timestamp(milliseconds: 0), outcome: "step")
                for number in 0..<count {
                    draft.detail["text \(number)"] = String(repeating: filler, count: length)
                }
                let ledger = MemoryLedger()
                _ = try await ledger.commit(LedgerTransaction(entries: [draft]))
                let spelled = try AuditEntry(
                    bytes: AuditEntry(sequence: 0, draft: draft).bytes)
                #expect(ledger.durableEntries == [spelled])
            }
        }
    }
}
