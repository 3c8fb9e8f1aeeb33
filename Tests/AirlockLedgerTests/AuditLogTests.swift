import AirlockLedger
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import Testing

/// The audit log on disk: complete, verifiable, and every change of it found.
@Suite struct AuditLogTests {
    @Test(
        "a log over many publishes verifies, with its older forms",
        arguments: [1, 255, 256, 257, 700])
    func verifies(_ count: Int) async throws {
        let folder = try Folder()
        try await folder.writeLog(of: count, batches: min(count, 7))
        let log = AuditLog(folder.state)
        var seen: [Int] = []
        let found = try log.verify(progress: { done, _ in seen.append(done) })
        #expect(found.checkpoint.size == count && found.checkpoint.origin == "shop")
        #expect(found.unsigned == 0)
        let files = try folder.auditFiles()
        #expect(found.files == files.count)
        #expect(seen.last == count)
        let key = try log.verifierKey()
        let copied = try AuditLog(copy: folder.state.audit).verify(key: key)
        #expect(copied == found)
    }

    @Test("a full tile leaves no partial form behind")
    func partialsGo() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 600, batches: 30)
        let partial = try folder.auditFiles().filter { $0.contains(".p/") }
        #expect(partial.allSatisfy { $0.contains("002.p/") || $0.hasPrefix("tile/1/000.p/") })
        #expect(partial.contains("tile/0/002.p/88") && partial.contains("tile/1/000.p/2"))
    }

    @Test("one flipped bit in any file is found and its file named")
    func flippedBits() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 530, batches: 9)
        let log = AuditLog(folder.state)
        let key = try log.verifierKey()
        _ = try log.verify(key: key)
        var random = SplitMix(seed: 20)
        for file in try folder.auditFiles() {
            for _ in 0..<3 {
                let good = try folder.read("state/audit/\(file)")
                var bad = good
                let index = Int.random(in: bad.indices, using: &random)
                bad[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try folder.write(bad, to: "state/audit/\(file)")
                do {
                    _ = try log.verify(key: key)
                    Issue.record("\(file) byte \(index): unseen")
                } catch {
                    #expect(
                        "\(error)".hasPrefix("audit/\(file)"), "\(file) byte \(index): \(error)")
                }
                try folder.write(good, to: "state/audit/\(file)")
            }
        }
        _ = try log.verify(key: key)
    }

    @Test("a pipe in the place of the checkpoint is named and not waited for")
    func pipe() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 3)
        try #require(unlink(folder.state.checkpoint) == 0)
        try #require(mkfifo(folder.state.checkpoint, 0o600) == 0)
        do {
            _ = try AuditLog(folder.state).verify()
            Issue.record("a pipe was read")
        } catch {
            #expect("\(error)".contains("checkpoint is no regular file"), "\(error)")
        }
    }

    @Test("the place of a changed entry is named")
    func namedPlace() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 300)
        let file = "state/audit/tile/entries/000"
        var bytes = try folder.read(file)
        let text = try #require(bytes.firstRange(of: Array("\"seq\":60,".utf8)))
        let time = try #require(bytes[text.lowerBound...].firstRange(of: Array("2026-".utf8)))
        bytes[time.lowerBound + 3] = UInt8(ascii: "7")
        try folder.write(bytes, to: file)
        do {
            _ = try AuditLog(folder.state).verify()
            Issue.record("unseen")
        } catch {
            #expect("\(error)".hasPrefix("audit/tile/entries/000 entry 60: "), "\(error)")
        }
    }

    @Test("a log cut short is found, with the ledger beside it and without tiles")
    func cutShort() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 20)
        let old = try folder.read("state/audit/checkpoint")
        try await folder.writeLog(of: 30)
        let new = try folder.read("state/audit/checkpoint")
        let log = AuditLog(folder.state)
        try folder.write(old, to: "state/audit/checkpoint")
        let cut = AuditFault.cutShort(size: 20, signed: 30)
        #expect(throws: cut) { try log.verify() }
        #expect(throws: cut) { try log.comparedCheckpoint() }
        await #expect(throws: LedgerError.self) { try await folder.open() }
        try folder.write(new, to: "state/audit/checkpoint")
        try FileManager.default.removeItem(atPath: "\(folder.state.audit)/tile/0/000.p/30")
        do {
            _ = try log.verify()
            Issue.record("unseen")
        } catch {
            #expect("\(error)" == "audit/tile/0/000.p/30: it is missing")
        }
    }

    @Test("a file that does not belong to the log is named")
    func strayFile() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 5)
        try folder.write([1], to: "state/audit/tile/notes")
        #expect(
            throws: AuditFault.damaged(
                place: "audit/tile/notes", what: "it does not belong to the log")
        ) { try AuditLog(folder.state).verify() }
    }

    @Test("a log signed by another key is refused")
    func otherKey() async throws {
        let (folder, other) = (try Folder(), try Folder())
        try await folder.writeLog(of: 5)
        try await other.writeLog(of: 5)
        let key = try AuditLog(other.state).verifierKey()
        #expect(throws: AuditFault.self) { try AuditLog(folder.state).verify(key: key) }
    }

    @Test("an end without its intent is found although everything is signed")
    func danglingEnd() async throws {
        let folder = try Folder()
        let store = try await folder.open()
        try await store.name(origin: Build.fleetName())
        var draft = LedgerSample.draft(.settled, at: 1)
        draft.about = 0
        let numbers = try await store.commit(
            LedgerTransaction(entries: [LedgerSample.draft(.decision, at: 0), draft]))
        try await store.published(numbers[1])
        try await store.close()
        do {
            _ = try AuditLog(folder.state).verify()
            Issue.record("unseen")
        } catch {
            #expect("\(error)".hasPrefix("audit/tile/entries/000.p/2 entry 1: "))
        }
    }

    @Test("lost tiles and a lost checkpoint are made again from the journal")
    func rebuilt() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 520)
        let log = AuditLog(folder.state)
        let before = try log.verify()
        let files = try folder.auditFiles()
        for lost in [
            ["tile/0/001"], ["tile/entries/000", "tile/1/000.p/2"], ["checkpoint"], files,
        ] {
            for file in lost {
                try FileManager.default.removeItem(atPath: "\(folder.state.audit)/\(file)")
            }
            try await folder.open().close()
            #expect(try log.verify() == before, "\(lost.first ?? "")")
        }
    }

    @Test("a writer does not start on tiles that disagree with the journal")
    func disagreement() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 300)
        for file in ["tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"] {
            let good = try folder.read("state/audit/\(file)")
            var bad = good
            bad[10] ^= 1
            try folder.write(bad, to: "state/audit/\(file)")
            do {
                _ = try await folder.open()
                Issue.record("\(file): a writer started")
            } catch LedgerError.corrupt {}
            try folder.write(good, to: "state/audit/\(file)")
        }
    }

    @Test("entries committed and not published at a kill are published at the next start")
    func backlog() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 10)
        let old = try folder.auditFiles()
        let store = try await folder.open()
        _ = try await store.commit(
            LedgerTransaction(entries: (0..<5).map { LedgerSample.draft(.decision, at: $0) }))
        try await store.close()
        let again = try await folder.open()
        try await again.published(14)
        try await again.close()
        #expect(try AuditLog(folder.state).verify().checkpoint.size == 15)
        #expect(try Set(folder.auditFiles()).isSuperset(of: old))
    }

    @Test("every entry's proof holds offline, and for no other entry", arguments: [1, 2, 300])
    func proofs(_ count: Int) async throws {
        let folder = try Folder()
        try await folder.writeLog(of: count)
        let log = AuditLog(folder.state)
        let key = try log.verifierKey()
        let entries = try log.entries(AuditFilter())
        for sequence in Set([0, count / 2, count - 1]).sorted() {
            let text = try log.prove(sequence)
            #expect(text.hasPrefix("c2sp.org/tlog-proof@v1\nindex \(sequence)\n"))
            let entry = entries[sequence].bytes
            let proven = try AuditLog.verifyProof(text, entry: entry, key: key)
            #expect(proven.sequence == sequence && proven.checkpoint.size == count)
            let extra = text.replacing("@v1\n", with: "@v1\nextra AAAA\n")
            #expect(try AuditLog.verifyProof(extra, entry: entry, key: key).sequence == sequence)
            for bad in [
                text.replacing("index \(sequence)", with: "index \(sequence + 1)"),
                text.replacing("index \(sequence)", with: "index 0\(sequence)"),
                text.replacing("@v1", with: "@v2"), "", "c2sp.org/tlog-proof@v1\n",
            ] {
                #expect(throws: AuditFault.self) {
                    try AuditLog.verifyProof(bad, entry: entry, key: key)
                }
            }
            #expect(throws: AuditFault.self) {
                try AuditLog.verifyProof(text, entry: entry + [0x20], key: key)
            }
        }
        #expect(throws: AuditFault.self) { try log.prove(count) }
        #expect(throws: AuditFault.self) { try log.prove(-1) }
    }

    @Test("the log exports every entry as a line and filters like the journal")
    func exports() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 300)
        let log = AuditLog(folder.state)
        var lines: [[UInt8]] = []
        try log.export { lines.append($0) }
        let entries = try log.entries(AuditFilter())
        #expect(lines == entries.map { $0.bytes + [0x0A] })
        let filter = AuditFilter(lane: LedgerSample.lane(3), last: 7)
        let journal = try await LedgerReader.open(folder.state).entries(filter)
        #expect(try log.entries(filter) == journal)
    }

    @Test("entries decode to what was written, and another spelling is refused")
    func decoding() throws {
        let draft = AuditDraft(
            kind: .intended, time: Timestamp(milliseconds: 1_767_225_600_123),
            actor: Actor(id: "a@shop.example", kind: .git), lane: LedgerSample.lane(1),
            commit: Build.commit(2), change: ChangeID(digest: Digest(of: [1])), operation: 4,
            artifact: Build.artifact("checkout"), outcome: "ok", about: 3,
            detail: ["do": "start \"x\"\n", "é": "\u{2014}"])
        let entry = AuditEntry(sequence: 9, draft: draft)
        #expect(try AuditEntry(bytes: entry.bytes) == entry)
        #expect(throws: AuditEntryError.notCanonical) {
            try AuditEntry(bytes: entry.bytes + [0x20])
        }
        let text = String(decoding: entry.bytes, as: UTF8.self)
        #expect(throws: AuditEntryError.version(2)) {
            try AuditEntry(bytes: Array(text.replacing("\"v\":1", with: "\"v\":2").utf8))
        }
        for bad in ["", "{}", "[]", text.replacing("intended", with: "intendet")] {
            #expect(throws: AuditEntryError.self) { try AuditEntry(bytes: Array(bad.utf8)) }
        }
        #expect(throws: AuditEntryError.notCanonical) {
            try AuditEntry(
                bytes: Array(text.replacing("{\"about", with: "{\"new\":1,\"about").utf8))
        }
    }
}
