package import AirlockModel

/// Writes to the repository that desired state is read from: new branches and the copy of the audit log.
///
/// Nothing is ever forced, so no commit of anybody else is lost.
package protocol BranchWriter: Sendable {
    /// Makes a commit and pushes it as a branch that the remote does not have yet.
    ///
    /// The draft's parent is a commit that was fetched. The commit is signed where there is a signer.
    /// - Parameter limit: Longest wall time; the push is given up after it, and may have happened.
    /// - Returns: The commit.
    /// - Throws: ``SourceError``; ``SourceError/rejected(_:)`` when the branch exists or the remote does
    ///   not take it.
    func push(
        _ draft: CommitDraft, as branch: BranchName, limit: Duration
    ) async throws(SourceError) -> CommitID

    /// The checkpoint in `refs/airlock/log` of the remote; nil when it has none.
    ///
    /// - Throws: ``SourceError``.
    func remoteCheckpoint(limit: Duration) async throws(SourceError) -> RemoteCheckpoint?

    /// Adds a checkpoint to `refs/airlock/log`.
    ///
    /// - Parameters:
    ///   - note: The signed note.
    ///   - previous: What ``remoteCheckpoint(limit:)`` said; when the remote has moved on, nothing is done.
    /// - Throws: ``SourceError``; ``SourceError/rejected(_:)`` when another writer came first.
    func push(
        checkpoint note: [UInt8], after previous: CommitID?, by author: GitIdentity,
        at time: Timestamp,
        limit: Duration
    ) async throws(SourceError) -> CommitID
}

/// Signs commits that Airlock makes.
package protocol CommitSigner: Sendable {
    /// Signs the bytes of a commit object without its signature.
    ///
    /// - Returns: The armoured signature as it goes into the header `gpgsig`.
    /// - Throws: ``SourceError/failed(_:)`` when the key cannot be used.
    func signature(of payload: [UInt8]) async throws(SourceError) -> String
}
