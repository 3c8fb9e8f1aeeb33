import AirlockLedger
import AirlockManifest
import AirlockModel
import NIOCore

@testable import AirlockControl
@testable import AirlockGit

/// One reader of bytes that others wrote, and what holds for it whatever they are.
enum Reader: String, CaseIterable {
    /// The first byte chooses the kind of file, the rest is the file.
    case manifests
    /// A folder object of git.
    case trees
    /// A line on the control socket.
    case requests
    /// The first byte chooses the kind of file of the audit log, the rest is the file.
    case audit

    /// Traps where a promise does not hold.
    func read(_ bytes: [UInt8]) {
        switch self {
        case .manifests: manifest(bytes)
        case .trees: folder(bytes)
        case .requests: request(bytes)
        case .audit: auditFile(bytes)
        }
    }

    private func manifest(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let kind = ManifestKind.allCases[Int(first) % ManifestKind.allCases.count]
        let (value, problems) = DecodedDocument.read(Array(bytes.dropFirst()), as: kind)
        precondition((value == nil) == !problems.isEmpty, "neither a value nor a problem, or both")
        precondition(
            problems.allSatisfy {
                !$0.problem.isEmpty && ($0.place.map { $0.line >= 1 && $0.column >= 1 } ?? true)
            }, "a problem without words or with an impossible place")
        precondition(
            problems.allSatisfy { !$0.problem.contains("has a form that cannot be read") },
            "shape and reader differ")
    }

    private func folder(_ bytes: [UInt8]) {
        guard let tree = attempt({ () throws(RawTree.Misfit) in try RawTree(bytes) }) else {
            return
        }
        let entries = tree.entries
        precondition(
            entries.allSatisfy { !$0.name.isEmpty && !$0.name.contains(0) }, "an impossible name")
        precondition(
            zip(entries, entries.dropFirst()).allSatisfy { $0.precedes($1) }, "entries out of order"
        )
        let difference = RawTree.differing(tree, tree)
        precondition(
            difference.old.isEmpty && difference.new.isEmpty, "a folder differs from itself")
    }

    private func request(_ bytes: [UInt8]) {
        do throws(ControlLine.Refusal) {
            let request = try ControlLine.request(
                in: ByteBuffer(bytes: bytes), limits: ControlLimits())
            let line: ByteBuffer
            do { line = try ControlLine.line(of: request) } catch {
                preconditionFailure("a request that was read cannot be written: \(error)")
            }
            let again = try ControlLine.request(in: line, limits: ControlLimits())
            precondition(again == request, "a request reads back as another")
        } catch {
            precondition(!error.message.isEmpty && !error.advice.isEmpty, "a refusal without words")
        }
    }

    private func auditFile(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let rest = Array(bytes.dropFirst())
        switch first % 5 {
        case 0:
            guard let entry = attempt({ () throws(AuditEntryError) in try AuditEntry(bytes: rest) })
            else { return }
            precondition(entry.bytes == rest, "an entry spells itself in another way")
        case 1:
            guard case .success(let entries) = EntryBundle.entries(in: rest) else { return }
            precondition(
                EntryBundle.bytes(of: entries.map(Array.init)) == rest,
                "a bundle spells itself in another way")
        case 2: _ = Checkpoint(text: rest)
        case 3: _ = attempt { () throws(NoteError) in try SignedNote(rest) }
        default:
            let proof = String(decoding: rest, as: UTF8.self)
            guard let key = VerifierKey(Self.key) else { preconditionFailure("the key is one") }
            let found = attempt { () throws(AuditFault) in
                try AuditLog.verifyProof(proof, entry: [UInt8](Self.key.utf8), key: key)
            }
            precondition(found == nil, "a proof that nobody signed")
        }
    }

    /// The verifier key of the signed-note example of the C2SP specification.
    private static let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

    private func attempt<Value, Failure: Error>(_ body: () throws(Failure) -> Value) -> Value? {
        do { return try body() } catch { return nil }
    }
}
