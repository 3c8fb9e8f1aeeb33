package import AirlockModel

/// A commit that the policy in force accepts, and the tiers for which it does.
///
/// Only this target can make one, so that nothing goes forward on a commit that was not checked.
package struct VerifiedCommit: Hashable, Sendable {
    package let record: CommitRecord
    /// The tiers on which actions may be opened for this commit.
    package let tiers: Set<Tier>
    /// Whether the commit drops commits that were accepted before it.
    package let rewritesHistory: Bool

    init(record: CommitRecord, tiers: Set<Tier>, rewritesHistory: Bool) {
        self.record = record
        self.tiers = tiers
        self.rewritesHistory = rewritesHistory
    }
}

/// Why a commit is not accepted.
package enum TrustError: Error, Hashable, Sendable {
    /// The commit is not the trust root and does not descend from it.
    case notFromRoot(commit: CommitID, root: CommitID)
}

/// What git says about how a commit stands to those before it.
package struct Ancestry: Hashable, Sendable {
    package let root: CommitID
    /// Whether the commit is the root or descends from it.
    package let descendsFromRoot: Bool
    /// Whether the commit descends from the last accepted one; true when there is none.
    package let descendsFromHead: Bool
    /// Whether the commit descends from the one that staging and production are on; true when there
    /// is none.
    package let descendsFromKept: Bool

    package init(
        root: CommitID, descendsFromRoot: Bool, descendsFromHead: Bool, descendsFromKept: Bool
    ) {
        self.root = root
        self.descendsFromRoot = descendsFromRoot
        self.descendsFromHead = descendsFromHead
        self.descendsFromKept = descendsFromKept
    }
}

/// The check between a fetched commit and everything that acts on it.
package enum Verification {
    /// Accepts a commit under `signatures: none`: it must descend from the trust root.
    ///
    /// One that drops commits which staging and production are on is accepted for the tiers below them
    /// alone, until a person takes the rewritten history.
    /// - Throws: ``TrustError/notFromRoot(commit:root:)``.
    package static func verify(
        _ record: CommitRecord, ancestry: Ancestry
    ) throws(TrustError) -> VerifiedCommit {
        guard ancestry.descendsFromRoot else {
            throw .notFromRoot(commit: record.id, root: ancestry.root)
        }
        return VerifiedCommit(
            record: record,
            tiers: Set(Tier.allCases.filter { ancestry.descendsFromKept || !$0.keepsHistory }),
            rewritesHistory: !ancestry.descendsFromHead)
    }
}
