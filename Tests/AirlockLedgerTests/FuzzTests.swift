import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("Damaged audit files", .serialized)
struct FuzzTests {
    private static let pieces = [
        "\n", "\n\n", "— ", "index 0\n", "-1", "99999999999999999999", "{", "}", "\"seq\":0",
        "null",
        "\u{0}", "é", "c2sp.org/tlog-proof@v1\n", "AAAA",
    ]

    @Test("no damage to a file of the log traps or passes", arguments: Fuzz.seeds(4))
    func files(seed: Int) async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 270, batches: 2)
        let log = AuditLog(folder.state)
        let key = try log.verifierKey()
        let files = try folder.auditFiles()
        var random = SplitMix(seed: UInt64(seed))
        for _ in 0..<25 {
            let file = try #require(files.randomElement(using: &random))
            let good = try folder.read("state/audit/\(file)")
            let bad = Fuzz.mutate(good, pieces: Self.pieces, using: &random)
            try folder.write(bad, to: "state/audit/\(file)")
            do {
                _ = try log.verify(key: key)
                // The signature's line may say the same in another way; nothing else may.
                let isSame = bad == good || file == "checkpoint"
                #expect(isSame, "\(file) was changed and passed")
            } catch {
                #expect(!"\(error)".isEmpty)
            }
            try folder.write(good, to: "state/audit/\(file)")
        }
        _ = try log.verify(key: key)
    }

    @Test("no damage to a proof traps, and none proves another entry", arguments: Fuzz.seeds(10))
    func proofs(seed: Int) async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 20)
        let log = AuditLog(folder.state)
        let key = try log.verifierKey()
        let entry = try log.entries(AuditFilter())[7].bytes
        let good = Array(try log.prove(7).utf8)
        var random = SplitMix(seed: UInt64(seed))
        for _ in 0..<300 {
            let bad = Fuzz.mutate(good, pieces: Self.pieces, using: &random)
            do {
                let text = String(decoding: bad, as: UTF8.self)
                let found = try AuditLog.verifyProof(text, entry: entry, key: key)
                #expect(found.sequence == 7 && found.checkpoint.size == 20)
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }

    @Test("no damage to an entry traps, and what decodes spells itself", arguments: Fuzz.seeds(10))
    func entries(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        let draft = AuditDraft(
            kind: .intended, time: Timestamp(milliseconds: 1_767_225_600_123),
            lane: LedgerSample.lane(1), commit: Build.commit(2), operation: 4,
            artifact: Build.artifact("checkout"), about: 3, detail: ["do": "start \"x\"\n"])
        let good = AuditEntry(sequence: 9, draft: draft).bytes
        for _ in 0..<300 {
            let bad = Fuzz.mutate(good, pieces: Self.pieces, using: &random)
            do { #expect(try AuditEntry(bytes: bad).bytes == bad) } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }
}
