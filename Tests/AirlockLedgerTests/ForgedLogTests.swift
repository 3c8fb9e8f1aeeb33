import AirlockLedger
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import GRDB
import Testing

/// Files that somebody else put into the log or changed there.
@Suite struct ForgedLogTests {
    private func place(_ folder: Folder, _ text: String, at file: String) throws {
        let path = "\(folder.state.audit)/\(file)"
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(),
            withIntermediateDirectories: true)
        try folder.write(Array(text.utf8), to: "state/audit/\(file)")
    }

    private func expectDamage(
        at place: String, _ body: () throws -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            try body()
            Issue.record("unseen: \(place)", sourceLocation: sourceLocation)
        } catch {
            #expect(
                "\(error)".hasPrefix("audit/\(place)"), "\(error)", sourceLocation: sourceLocation)
        }
    }

    @Test(
        "a file that only a larger log has is named, beside the ledger and in a copy",
        arguments: [
            "tile/entries/001", "tile/5/000", "tile/0/001", "tile/1/000", "tile/9/000",
            "tile/entries/000.p/200", "tile/0/000.p/200",
        ])
    func beyond(_ file: String) async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 20)
        let log = AuditLog(folder.state)
        let key = try log.verifierKey()
        try place(folder, "evil", at: file)
        expectDamage(at: file) { _ = try log.verify() }
        expectDamage(at: file) { _ = try AuditLog(copy: folder.state.audit).verify(key: key) }
    }

    @Test("what a killed writer laid and did not sign is no finding, and a change of it is one")
    func laidAndNotSigned() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 20)
        let note = try folder.read("state/audit/checkpoint")
        let database = try DatabaseQueue(path: folder.state.ledger)
        let sealed = try await database.read { db in
            try Row.fetchOne(
                db, sql: "SELECT payload, hash FROM meta WHERE key = 'checkpoint'"
            ).map { ($0[0] as Data, $0[1] as Data) }
        }
        let (payload, hash) = try #require(sealed)
        try database.close()
        try await folder.writeLog(of: 300)
        // The moment before the signature: tiles and journal are of 300 entries, the checkpoint of 20.
        let again = try DatabaseQueue(path: folder.state.ledger)
        try await again.write { db in
            try db.execute(
                sql: "UPDATE meta SET payload = ?, hash = ? WHERE key = 'checkpoint'",
                arguments: [payload, hash])
        }
        try again.close()
        try folder.write(note, to: "state/audit/checkpoint")
        let log = AuditLog(folder.state)
        let key = try log.verifierKey()
        let found = try log.verify()
        #expect(found.checkpoint.size == 20 && found.unsigned > 0)
        #expect(try AuditLog(copy: folder.state.audit).verify(key: key) == found)
        for file in ["tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"] {
            let good = try folder.read("state/audit/\(file)")
            var bad = good
            bad[good.count - 2] ^= 1
            try folder.write(bad, to: "state/audit/\(file)")
            expectDamage(at: file) { _ = try log.verify() }
            try folder.write(good, to: "state/audit/\(file)")
        }
        _ = try log.verify()
    }

    @Test("a forged entry is neither exported nor proved, and its place is named")
    func forgedEntry() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 300)
        let log = AuditLog(folder.state)
        let file = "state/audit/tile/entries/000"
        var bytes = try folder.read(file)
        let entry = try #require(bytes.firstRange(of: Array("\"seq\":60,".utf8)))
        let time = try #require(bytes[entry.lowerBound...].firstRange(of: Array("2026-".utf8)))
        bytes[time.lowerBound + 3] = UInt8(ascii: "7")
        try folder.write(bytes, to: file)
        var lines = 0
        expectDamage(at: "tile/entries/000 entry 60: ") { try log.export { _ in lines += 1 } }
        #expect(lines == 0)
        expectDamage(at: "tile/entries/000 entry 60: ") { _ = try log.entries(AuditFilter()) }
        expectDamage(at: "tile/entries/000 entry 60: ") { _ = try log.prove(60) }
        #expect(try log.prove(299).hasPrefix("c2sp.org/tlog-proof@v1\nindex 299\n"))
    }

    @Test("a forged entry whose leaf hash was forged too is not exported")
    func forgedLeaf() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 20)
        let log = AuditLog(folder.state)
        let (bundle, tile) = ("state/audit/tile/entries/000.p/20", "state/audit/tile/0/000.p/20")
        var bytes = try folder.read(bundle)
        let time = try #require(bytes.firstRange(of: Array("2026-".utf8)))
        bytes[time.lowerBound + 3] = UInt8(ascii: "7")
        try folder.write(bytes, to: bundle)
        let length = Int(bytes[0]) << 8 + Int(bytes[1])
        let leaf = MerkleHash.leaf(bytes[2..<2 + length])
        let hashes = try folder.read(tile)
        try folder.write(leaf.bytes + hashes.dropFirst(32), to: tile)
        var lines = 0
        expectDamage(at: "tile/0") { try log.export { _ in lines += 1 } }
        #expect(lines == 0)
        expectDamage(at: "tile") { _ = try log.prove(0) }
    }
}
