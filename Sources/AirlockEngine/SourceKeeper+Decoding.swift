import AirlockManifest
import AirlockModel
import AirlockPorts

/// From a commit to its fleet: what differs from the one in force, and which commits caused it.
extension SourceKeeper {
    /// The longest first-parent line whose commits are told apart as causes.
    private static let longestLine = 500

    /// Decodes against the last accepted commit, so that the work is that of the difference.
    ///
    /// - Parameter known: The head of the ledger. After a start everything is read, and only what came
    ///   after it can be put down to a commit of its own.
    func decode(
        _ head: CommitID, known: CommitID?
    ) async throws -> (DecodedFleet, FleetDecoder) {
        let stopwatch = Stopwatch()
        let (base, delta) = try await delta(to: head)
        work.walking = stopwatch.elapsed
        let causes = try await causes(from: base ?? known, to: head)
        let cause = base == nil && causes != nil ? known ?? head : head
        var next = base == nil ? FleetDecoder() : decoder
        let decoded = try await FleetDecoding.apply(
            delta, to: &next, from: parts.source, commit: cause, causes: causes ?? Causes())
        work.decoding = stopwatch.elapsed - work.walking
        work.documents = decoded.counts.documentsDecoded
        work.lanes = decoded.touched.count
        // A start touches every lane, and the commit only those that it caused.
        if base == nil, let known, known != head, causes != nil {
            work.lanes = decoded.fleet?.lanes.values.count { $0.cause != known } ?? 0
        }
        return (decoded, next)
    }

    /// The commits on the first-parent line with what they changed; nil when the line is too long or the
    /// branch was rewritten.
    private func causes(
        from base: CommitID?, to head: CommitID
    ) async throws(SourceError) -> Causes? {
        guard let base, let line = try await line(from: base, to: head) else { return nil }
        // One commit is the cause of all that differs, and needs no look of its own.
        if line.count == 1, base == accepted?.id { return Causes() }
        var causes = Causes()
        var previous = base
        for commit in line {
            guard let delta = try await acceptable(from: previous, to: commit) else { continue }
            causes.add(commit, changing: delta.changes.map(\.path))
            previous = commit
        }
        return causes
    }

    /// What differs; nil where the later commit is one that is refused, so that what it changed is put
    /// down to the one that mended it.
    private func acceptable(
        from base: CommitID, to commit: CommitID
    ) async throws(SourceError) -> TreeDelta? {
        do { return try await parts.source.delta(from: base, to: commit) } catch {
            guard error.isOfCommit else { throw error }
            return nil
        }
    }

    /// The first-parent line; nil also when the mirror lost its beginning.
    private func line(
        from base: CommitID, to head: CommitID
    ) async throws(SourceError) -> [CommitID]? {
        do {
            return try await parts.source.firstParentLine(
                from: base, to: head, limit: Self.longestLine)
        } catch {
            if case .objectMissing = error { return nil }
            throw error
        }
    }

    /// What differs from the commit in force; everything when the mirror lost that one.
    private func delta(
        to head: CommitID
    ) async throws(SourceError) -> (base: CommitID?, delta: TreeDelta) {
        if let base = accepted?.id {
            do { return (base, try await parts.source.delta(from: base, to: head)) } catch {
                guard case .objectMissing = error else { throw error }
            }
        }
        return (nil, try await parts.source.delta(from: nil, to: head))
    }
}
