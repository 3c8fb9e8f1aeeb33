package import AirlockModel
package import AirlockPorts
internal import Synchronization

/// The questions of a source, answered from the commits in memory.
extension MemoryRepository: CommitSource {
    package func fetch(limit: Duration) async throws(SourceError) -> FetchedHead {
        await withCheckedContinuation { continuation in
            let isWaiting = content.withLock { content in
                content.waiting?.append(continuation)
                return content.waiting != nil
            }
            if !isWaiting { continuation.resume() }
        }
        let time = now()
        let result: Result<FetchedHead, SourceError> = content.withLock { content in
            if !content.failures.isEmpty { return .failure(content.failures.removeFirst()) }
            guard let branch = content.branch else { return .failure(.branchMissing("main")) }
            let head = FetchedHead(commit: branch, fetched: time)
            content.fetched = head
            return .success(head)
        }
        return try result.get()
    }

    package func lastFetch() async throws(SourceError) -> FetchedHead? {
        content.withLock { $0.fetched }
    }

    package func unendedReadings(
        of commit: CommitID
    ) async throws(SourceError) -> UnendedReadings {
        content.withLock { content in
            guard let unended = content.unended, unended.commit == commit else {
                return UnendedReadings()
            }
            return unended.readings
        }
    }

    package func beginReading(
        _ commit: CommitID, at time: Timestamp
    ) async throws(SourceError) {
        let before = try await unendedReadings(of: commit)
        content.withLock {
            $0.unended = (commit, UnendedReadings(count: before.count + 1, last: time))
        }
    }

    package func endReading() async throws(SourceError) {
        content.withLock { $0.unended = nil }
    }

    package func descends(
        _ commit: CommitID, from ancestor: CommitID
    ) async throws(SourceError) -> Bool {
        let result: Result<Bool, SourceError> = content.withLock { content in
            guard content.commits[ancestor] != nil else { return .failure(Self.missing(ancestor)) }
            var seen: Set<CommitID> = []
            var open = [commit]
            while let next = open.popLast() {
                if next == ancestor { return .success(true) }
                guard seen.insert(next).inserted else { continue }
                guard let parents = content.commits[next]?.record.parents else {
                    return .failure(Self.missing(next))
                }
                open += parents
            }
            return .success(false)
        }
        return try result.get()
    }

    package func record(of commit: CommitID) async throws(SourceError) -> CommitRecord {
        try stored(commit).record
    }

    package func firstParentLine(
        from base: CommitID, to head: CommitID, limit: Int
    ) async throws(SourceError) -> [CommitID]? {
        var line: [CommitID] = []
        var next: CommitID? = head
        while let commit = next, commit != base {
            guard line.count < limit else { return nil }
            line.append(commit)
            next = try stored(commit).record.parents.first
        }
        return next == nil ? nil : line.reversed()
    }

    package func delta(
        from base: CommitID?, to head: CommitID
    ) async throws(SourceError) -> TreeDelta {
        let old = try base.map { base throws(SourceError) in try stored(base).objects } ?? [:]
        let new = try stored(head).objects
        if let why = content.withLock({ $0.unacceptable[head] }) { throw .unacceptable(why) }
        var changes: [TreeChange] = []
        for (path, object) in new where old[path] != object {
            changes.append(.set(TreeEntry(path: path, object: object)))
        }
        for path in old.keys where new[path] == nil { changes.append(.remove(path: path)) }
        return TreeDelta(changes: changes.sorted { $0.path < $1.path })
    }

    package func blobs(_ objects: [ObjectID]) async throws(SourceError) -> [ObjectID: [UInt8]] {
        let (found, missing) = content.withLock { content in
            let there = objects.filter { !content.lost.contains($0) }
            let found = there.compactMap { id in content.blobs[id].map { (id, $0) } }
            content.counts.blobs += found.count
            return (found, objects.count - found.count)
        }
        guard missing == 0 else { throw .objectMissing("\(missing) of \(objects.count) blobs") }
        return Dictionary(found) { first, _ in first }
    }

    package func putAside() async throws(SourceError) { mend() }

    /// Nothing: what was put aside here was mended in place.
    package func takeBack() async throws(SourceError) {}

    /// Nothing, as above.
    package func dropAside() async throws(SourceError) {}

    package func readCounts() async -> ReadCounts { content.withLock { $0.counts } }

    package func proposal(
        branch: BranchName, limit: Duration
    ) async throws(SourceError) -> ProposedMerge {
        throw .branchMissing(branch.description)
    }

    private func stored(_ commit: CommitID) throws(SourceError) -> Commit {
        guard let found = content.withLock({ $0.commits[commit] }) else {
            throw Self.missing(commit)
        }
        return found
    }

    private static func missing(_ commit: CommitID) -> SourceError {
        .objectMissing("commit \(commit.short)")
    }
}
