package import AirlockModel
package import AirlockPorts
import FoundationEssentials

/// Writing: the objects are made here in memory, and the worker pushes them.
extension GitSource: BranchWriter {
    /// The most bytes of new files in one push; they travel to the worker in one line.
    private static let maximumPushBytes = 512 << 10

    package func push(
        _ draft: CommitDraft, as branch: BranchName, limit: Duration
    ) async throws(SourceError) -> CommitID {
        try await push(draft, to: "refs/heads/\(branch)", previous: nil, limit: limit)
    }

    package func remoteCheckpoint(
        limit: Duration
    ) async throws(SourceError) -> RemoteCheckpoint? {
        let request = LogRequest(
            state: paths.state, remote: remote,
            lockPatienceMilliseconds: (limit * 3 / 4).milliseconds, access: access.forPushing)
        let result = try await supervisor.ask(.readLog(request), limit: limit)
        guard let commit = result.commit else { return nil }
        return RemoteCheckpoint(commit: commit, note: Array(result.note ?? Data()))
    }

    package func push(
        checkpoint note: [UInt8], after previous: CommitID?, by author: GitIdentity,
        at time: Timestamp, limit: Duration
    ) async throws(SourceError) -> CommitID {
        let draft = CommitDraft(
            parent: previous, files: [RemoteLog.file: note], author: author, time: time,
            message: "Checkpoint of the audit log")
        return try await push(draft, to: LogRequest.reference, previous: previous, limit: limit)
    }

    private func push(
        _ draft: CommitDraft, to reference: String, previous: CommitID?, limit: Duration
    ) async throws(SourceError) -> CommitID {
        try Libgit2.start()
        // A checkpoint is all that its commit holds.
        let base = reference == LogRequest.reference ? nil : draft.parent
        var builder = CommitBuilder(limits: limits)
        let tree = try reading { repository throws(SourceError) in
            try builder.tree(parent: base, changing: draft.files, in: repository)
        }
        let payload = CommitBuilder.payload(draft, tree: tree)
        let signature = try await signer?.signature(of: payload)
        let commit = builder.commit(payload, signature: signature)
        let size = draft.files.reduce(payload.count) {
            $0 + $1.key.utf8.count + ($1.value?.count ?? 0)
        }
        guard size <= Self.maximumPushBytes else {
            throw .tooLarge(what: "the push", limit: GitLimits.bytes(Self.maximumPushBytes))
        }
        let request = PushRequest(
            state: paths.state, remote: remote, reference: reference, commit: commit,
            previous: previous, base: base,
            files: draft.files.mapValues { $0.map { Data($0) } },
            payload: Data(payload), signature: signature,
            lockPatienceMilliseconds: (limit * 3 / 4).milliseconds, access: access.forPushing)
        let result = try await supervisor.ask(.push(request), limit: limit)
        return result.commit ?? commit
    }
}
