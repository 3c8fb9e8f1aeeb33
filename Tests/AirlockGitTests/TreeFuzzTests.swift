import AirlockGit
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockTestSupport
import Foundation
import Testing

@Suite("Damaged folders of a commit")
struct TreeFuzzTests {
    private static let pieces = [
        "100644 ", "40000 ", "120000 ", "160000 ", "..", ".git", "/", "a\u{0}", "0", "777777777 ",
    ]

    @Test(
        "no damage to a folder traps, and no name that leaves it passes", arguments: Fuzz.seeds(4))
    func folders(seed: Int) async throws {
        let fixture = try Fixture()
        let head = try fixture.commit(
            "base", ["services/a/x.yaml": "1\n", "services/b/y.yaml": "2\n", "z": "3\n"])
        try await with(fixture.source()) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let good = try Self.folder(fixture, "\(head)^{tree}")
            var random = SplitMix(seed: UInt64(seed))
            for _ in 0..<25 {
                let bad = Fuzz.mutate(good, pieces: Self.pieces, using: &random)
                let commit = try Self.commit(fixture, bad)
                do throws(SourceError) {
                    for change in try await source.delta(from: nil, to: commit).changes {
                        let path = change.path
                        #expect(!path.hasPrefix("/") && !path.utf8.contains(0), "\(path)")
                        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
                        #expect(
                            !parts.contains { ["", ".", "..", ".git"].contains($0) }, "\(path)")
                    }
                } catch {
                    #expect(!"\(error)".isEmpty)
                }
                // What was damaged is that commit alone.
                #expect(try await source.delta(from: nil, to: head).changes.count >= 2)
            }
        }
    }

    /// The bytes of a folder object.
    private static func folder(_ fixture: Fixture, _ name: String) throws -> [UInt8] {
        let path = fixture.root + "/folder"
        _ = try fixture.execute(
            "/bin/sh", ["-c", "git -C '\(fixture.origin)' cat-file tree '\(name)' > '\(path)'"],
            environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.root + "/home"], input: nil)
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Writes the bytes as a folder into the mirror, and a commit that has it.
    private static func commit(_ fixture: Fixture, _ bytes: [UInt8]) throws -> CommitID {
        let path = fixture.root + "/folder"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let git = "git -C '\(fixture.mirror)'"
        let text = try fixture.execute(
            "/bin/sh",
            [
                "-c",
                "tree=$(\(git) hash-object -t tree -w --literally '\(path)') && "
                    + "printf 'tree %s\\nauthor A <a@b> 1 +0000\\ncommitter A <a@b> 1 +0000\\n\\nx\\n' $tree "
                    + "| \(git) hash-object -t commit -w --literally --stdin",
            ],
            environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.root + "/home"], input: nil)
        return try #require(CommitID(text))
    }
}
