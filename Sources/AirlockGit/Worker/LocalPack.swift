import AirlockModel
import AirlockPorts
import CLibgit2

/// What one commit of a repository of this machine has beyond the mirror, packed.
///
/// libgit2's own transport for local paths packs every branch and tag of the remote at each fetch,
/// wanted or not, so the mirror would grow by all unmerged work with every merge.
struct LocalPack {
    /// Bytes of an object that the worker's memory does not hold beside its packed form.
    private static let mostMemory = FetchWorker.maximumMemory / 2

    let maximumObjects: Int
    let maximumBytes: Int

    /// Packs `commit` and all behind it that the mirror lacks, straight into the mirror.
    ///
    /// - Throws: ``SourceError/tooLarge(what:limit:)`` over a cap; the mirror is then as it was.
    func write(
        _ commit: CommitID, from origin: borrowing Repository, to mirror: borrowing Repository,
        folder: String
    ) throws(SourceError) {
        let known = try knownCommits(mirror)
        let path = origin.path
        var fault: SourceError?
        do throws(GitError) {
            try origin.with { repository throws(GitError) in
                let walk = try Self.walk(repository, from: commit, hiding: known)
                fault = try write(walk, repository, folder)
            }
        } catch {
            guard error.tooLarge != nil, let blob = origin.largeObject(over: Self.mostMemory) else {
                throw error.asking(path)
            }
            throw .failed(
                "a repository in a folder cannot hand over an object as large as \(blob.id.object) of "
                    + "\(path), \(blob.bytes >> 20) MiB; serve it over ssh or https, or take the object out "
                    + "of its history"
            )
        }
        if let fault { throw fault }
    }

    /// The commits that the mirror's references name.
    private func knownCommits(
        _ mirror: borrowing Repository
    ) throws(SourceError) -> [GitObjectID] {
        let names = try GitSource.translating(mirror) { mirror throws(GitError) in
            try mirror.references()
        }
        return names.compactMap { name in
            FetchPurpose.allCases.lazy.compactMap { purpose in
                name.hasPrefix(purpose.folder)
                    ? CommitID(String(name.dropFirst(purpose.folder.count))) : nil
            }.first.map { GitObjectID($0) }
        }
    }

    private static func walk(
        _ repository: OpaquePointer, from commit: CommitID, hiding known: [GitObjectID]
    ) throws(GitError) -> GitHandle {
        let walk = try GitHandle("walk the commits", release: git_revwalk_free) {
            git_revwalk_new(&$0, repository)
        }
        try walk.with { walk throws(GitError) in
            var start = GitObjectID(commit).oid
            try GitError.check(git_revwalk_push(walk, &start), "walk from commit \(commit)")
            for id in known {
                var oid = id.oid
                let code = git_revwalk_hide(walk, &oid)
                // A commit that a forced push took away is unknown there.
                if code == GIT_ENOTFOUND.rawValue { continue }
                try GitError.check(code, "walk up to commit \(id.commit)")
            }
        }
        return walk
    }

    /// - Returns: Which cap was passed, or why the mirror cannot be written; nil when the pack was.
    private func write(
        _ walk: borrowing GitHandle, _ repository: OpaquePointer, _ folder: String
    ) throws(GitError) -> SourceError? {
        let pack = try GitHandle("pack", release: git_packbuilder_free) {
            git_packbuilder_new(&$0, repository)
        }
        return try pack.with { pack throws(GitError) in
            try walk.with { walk throws(GitError) in
                _ = try GitError.check(
                    git_packbuilder_insert_walk(pack, walk), "collect what is new")
            }
            guard git_packbuilder_object_count(pack) <= maximumObjects else {
                return .tooLarge(what: "the fetch", limit: "\(maximumObjects) objects")
            }
            let receiver: PackReceiver
            do throws(GitError) {
                receiver = try PackReceiver(into: folder, maximumBytes: maximumBytes)
            } catch { return .failed("\(folder) cannot be written: \(error.text)") }
            do throws(GitError) {
                try receiver.receive(from: pack)
            } catch {
                if let exceeded = receiver.exceeded { return exceeded }
                guard receiver.isOwnFailure, error.tooLarge == nil else { throw error }
                return .failed("\(folder) cannot be written: \(error.text)")
            }
            return nil
        }
    }
}
