import AirlockModel
import AirlockTestSupport
import AirlockTrust
import Testing

@Suite("a commit is accepted when it descends from the trust root")
struct VerificationTests {
    private func verify(
        descendsFromRoot: Bool, descendsFromHead: Bool, descendsFromKept: Bool = true
    ) throws(TrustError) -> VerifiedCommit {
        let record = CommitRecord(
            id: Build.commit(2), parents: [Build.commit(1)], authorName: "Ann",
            authorEmail: "ann@example.org", committerEmail: "ann@example.org",
            committed: Timestamp(milliseconds: 0), subject: "checkout 1.8.0")
        return try Verification.verify(
            record,
            ancestry: Ancestry(
                root: Build.commit(1), descendsFromRoot: descendsFromRoot,
                descendsFromHead: descendsFromHead, descendsFromKept: descendsFromKept))
    }

    @Test("a descendant is accepted for every tier")
    func accepted() throws {
        let commit = try verify(descendsFromRoot: true, descendsFromHead: true)
        #expect(commit.record.id == Build.commit(2))
        #expect(commit.tiers == Set(Tier.allCases))
        #expect(!commit.rewritesHistory)
    }

    @Test("rewritten history is accepted for development and testing alone, and flagged")
    func rewritten() throws {
        let commit = try verify(
            descendsFromRoot: true, descendsFromHead: false, descendsFromKept: false)
        #expect(commit.rewritesHistory)
        #expect(commit.tiers == [.development, .testing])
    }

    @Test("a commit on top of a rewritten head that waits is no rewrite and waits too")
    func onTopOfRewritten() throws {
        let commit = try verify(
            descendsFromRoot: true, descendsFromHead: true, descendsFromKept: false)
        #expect(!commit.rewritesHistory)
        #expect(commit.tiers == [.development, .testing])
    }

    @Test("what does not descend from the root is refused by name", arguments: [true, false])
    func refused(descendsFromHead: Bool) {
        #expect(throws: TrustError.notFromRoot(commit: Build.commit(2), root: Build.commit(1))) {
            try verify(descendsFromRoot: false, descendsFromHead: descendsFromHead)
        }
    }
}
