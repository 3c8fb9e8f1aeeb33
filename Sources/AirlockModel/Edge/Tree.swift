/// One file of a commit's tree.
package struct TreeEntry: Hashable, Sendable {
    /// The path from the root, with `/` between components.
    package let path: String
    package let object: ObjectID
    package let kind: Kind

    package init(path: String, object: ObjectID, kind: Kind = .file) {
        self.path = path
        self.object = object
        self.kind = kind
    }

    /// What a tree entry can be; only files are ever read.
    package enum Kind: String, Hashable, Sendable {
        case file
        case symlink
        case submodule
    }
}

/// One difference between two trees.
package enum TreeChange: Hashable, Sendable {
    case set(TreeEntry)
    case remove(path: String)

    /// The path that differs.
    package var path: String {
        switch self {
        case .set(let entry): entry.path
        case .remove(let path): path
        }
    }
}

/// The differences from one tree to another, sorted by path; against nothing it is a whole tree.
package struct TreeDelta: Hashable, Sendable {
    package var changes: [TreeChange]

    package init(changes: [TreeChange]) { self.changes = changes }
}

/// Who and when a commit names; nothing here is proven by a signature.
package struct CommitRecord: Hashable, Sendable, Codable {
    package let id: CommitID
    package let parents: [CommitID]
    package let authorName: String
    package let authorEmail: String
    package let committerEmail: String
    package let committed: Timestamp
    /// The first line of the message.
    package let subject: String

    package init(
        id: CommitID, parents: [CommitID], authorName: String, authorEmail: String,
        committerEmail: String, committed: Timestamp, subject: String
    ) {
        self.id = id
        self.parents = parents
        self.authorName = authorName
        self.authorEmail = authorEmail
        self.committerEmail = committerEmail
        self.committed = committed
        self.subject = subject
    }
}

/// What a fetch found.
package struct FetchedHead: Hashable, Sendable {
    package let commit: CommitID
    /// When the remote last answered.
    package let fetched: Timestamp

    package init(commit: CommitID, fetched: Timestamp) {
        self.commit = commit
        self.fetched = fetched
    }
}

/// What the main branch would be after merging another branch; made in memory, never written.
package struct ProposedMerge: Sendable {
    package let branch: BranchName
    package let head: CommitID
    package let onto: CommitID
    /// Differences from the tree of `onto` to the merged tree.
    package let delta: TreeDelta
    /// Paths that do not merge by themselves, sorted.
    package let conflicts: [String]
    /// Contents that exist only in the merge, by the name git would give them.
    package let mergedBlobs: [ObjectID: [UInt8]]
    /// When the remote last answered.
    package let fetched: Timestamp
    /// Why the remote could not be asked just now, when the last fetch had to do.
    package let staleBecause: String?

    package init(
        branch: BranchName, head: CommitID, onto: CommitID, delta: TreeDelta, conflicts: [String],
        mergedBlobs: [ObjectID: [UInt8]], fetched: Timestamp, staleBecause: String?
    ) {
        self.branch = branch
        self.head = head
        self.onto = onto
        self.delta = delta
        self.conflicts = conflicts
        self.mergedBlobs = mergedBlobs
        self.fetched = fetched
        self.staleBecause = staleBecause
    }
}
