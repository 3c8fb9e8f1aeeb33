import AirlockManifest
package import AirlockModel
package import AirlockPorts

/// One file of a commit as it is, and as it would be with a lane's release put back.
package struct Reversal: Hashable, Sendable {
    /// The commit that is edited.
    package let commit: CommitID
    package let path: String
    package let before: [UInt8]
    package let after: [UInt8]
    /// What the same commit puts back beside it: the rest of its group.
    package private(set) var others: [Reversal] = []

    /// Why there is none.
    package enum Failure: Error, Hashable, Sendable {
        /// Git cannot be read.
        case source(SourceError)
        /// The commit has no release of that lane.
        case noRelease(path: String)
        /// The release says that already: what differs lies elsewhere, such as in `service.yaml`.
        case nothingToDo(path: String)
        /// The release is not the one that was rolled back any more.
        case movedOn(path: String)
        /// The file has to be edited by hand.
        case byHand(path: String, String)
    }

    /// Puts artifact, version and configuration of a lane's release back to `slot`; every other line
    /// of the file stays.
    ///
    /// - Parameter replacing: The slot that was rolled back. A release that is another by now is left
    ///   alone: somebody has mended it already. Nil to put back whatever is there.
    package init(
        of lane: LaneID, to slot: SlotSpec, version: String?, replacing: SlotSpec? = nil,
        at commit: CommitID, from source: any CommitSource
    ) async throws(Failure) {
        let path = "services/\(lane.unit.name)/\(lane.environment).yaml"
        let found: [UInt8]?
        do throws(SourceError) { found = try await Self.file(path, of: commit, from: source) } catch
        {
            throw .source(error)
        }
        guard let file = found else { throw .noRelease(path: path) }
        if let replacing {
            let bad = Self.wanted(replacing, version: nil)
            guard ReleaseEdit.says(file, bad, besidesVersion: true) != false else {
                throw .movedOn(path: path)
            }
            guard replacing.template == slot.template else {
                throw .byHand(path: path, "service.yaml changed with it")
            }
        }
        let wanted = Self.wanted(slot, version: version)
        do throws(ReleaseEdit.Failure) {
            after = try ReleaseEdit.bytes(of: file, saying: wanted)
        } catch {
            switch error {
            case .nothingToDo: throw .nothingToDo(path: path)
            case .unreadable(let why): throw .byHand(path: path, "it cannot be read: \(why)")
            case .notByLines: throw .byHand(path: path, "it is not laid out in lines")
            }
        }
        (self.commit, self.path, before) = (commit, path, file)
    }

    /// Puts the rest of a group back in the same commit, to what each of them settled on last: the one alone
    /// would leave the others to go forward without it.
    ///
    /// - Parameters:
    ///   - settled: By lane; those whose release says it already are left alone.
    ///   - since: The commit whose releases went back: one that is another by now was mended already, and is left
    ///     alone. Nil where that is known.
    package mutating func join(
        _ settled: [LaneID: Settled], since: CommitID? = nil, from source: any CommitSource
    ) async throws(Failure) {
        for (lane, target) in settled.sorted(by: { $0.key < $1.key }) {
            if let since {
                let release = "services/\(lane.unit.name)/\(lane.environment).yaml"
                guard try await isSame(release, in: since, from: source) else { continue }
                let service = "services/\(lane.unit.name)/service.yaml"
                if let before = target.commit,
                    try await !isSame(service, in: before, from: source)
                {
                    throw .byHand(path: release, "\(service) changed with it")
                }
            }
            do throws(Failure) {
                others.append(
                    try await Reversal(
                        of: lane, to: target.slot, version: target.version, at: commit,
                        from: source))
            } catch {
                switch error {
                case .nothingToDo, .noRelease: continue
                case .source, .movedOn, .byHand: throw error
                }
            }
        }
    }

    /// Whether a file is the same in another commit.
    private func isSame(
        _ path: String, in other: CommitID, from source: any CommitSource
    ) async throws(Failure) -> Bool {
        do throws(SourceError) {
            return try await Self.file(path, of: other, from: source)
                == Self.file(path, of: commit, from: source)
        } catch { throw .source(error) }
    }

    /// What a release says that makes `slot`.
    private static func wanted(_ slot: SlotSpec, version: String?) -> ReleaseEdit.Wanted {
        ReleaseEdit.Wanted(
            artifact: slot.artifact, version: version, config: slot.desiredConfig)
    }

    private static func file(
        _ path: String, of commit: CommitID, from source: any CommitSource
    ) async throws(SourceError) -> [UInt8]? {
        let files = try await source.delta(from: nil, to: commit)
        for case .set(let entry) in files.changes where entry.path == path {
            return try await source.blobs([entry.object])[entry.object]
        }
        return nil
    }

    /// The outcome of the audit entry whose detail `branch` names the branch on which a revert is offered.
    package static let offered = "revert offered"

    /// Whether a merge of a branch puts the release back as this does, byte for byte, and nothing else.
    ///
    /// - Throws: ``SourceError`` when the merged file cannot be read.
    package func isMade(
        by merge: ProposedMerge, in source: some CommitSource
    ) async throws(SourceError) -> Bool {
        guard merge.conflicts.isEmpty, merge.delta.changes.count == 1 + others.count else {
            return false
        }
        let entries = merge.delta.changes.compactMap { change in
            if case .set(let entry) = change { entry } else { nil }
        }
        for part in [self] + others {
            guard let entry = entries.first(where: { $0.path == part.path }) else { return false }
            let merged: [UInt8]?
            if let known = merge.mergedBlobs[entry.object] {
                merged = known
            } else {
                merged = try await source.blobs([entry.object])[entry.object]
            }
            guard merged == part.after else { return false }
        }
        return true
    }

    /// The names of the branch on which the revert of a rolled back operation is offered, the first that is free.
    func branches(of lane: LaneID, after operation: Int) -> [BranchName] {
        let name = "airlock/rollback/\(lane.environment)-\(lane.unit.name)-\(operation)"
        return ["", "-\(commit.short)"].compactMap { BranchName(name + $0) }
    }

    /// The name of the branch on which going back to what an operation brought is offered; another one
    /// for each commit that is edited.
    package func branch(of lane: LaneID, to operation: Int) -> BranchName? {
        BranchName(
            "airlock/rollback/\(lane.environment)-\(lane.unit.name)-to-\(operation)-\(commit.short)"
        )
    }

    /// The commit that makes it.
    package func draft(
        _ lane: LaneID, version: String?, because reason: String, by author: GitIdentity,
        at time: Timestamp
    ) -> CommitDraft {
        CommitDraft(
            parent: commit,
            files: Dictionary(
                ([self] + others).map { ($0.path, $0.after) }, uniquingKeysWith: { $1 }),
            author: author, time: time,
            message: """
                Put \(lane) back\(version.map { " to \($0)" } ?? "")\(others.isEmpty ? "" : ", and its group")

                \(reason)
                """)
    }
}

extension Reversal.Failure {
    /// One phrase with the next move.
    package var phrase: String {
        switch self {
        case .source(let error): error.phrase
        case .noRelease(let path): "the commit has no \(path)"
        case .nothingToDo(let path):
            "\(path) says that already; what differs lies in service.yaml or a secret"
        case .movedOn(let path): "\(path) is another release by now"
        case .byHand(let path, let why): "\(path) has to be edited by hand: \(why)"
        }
    }
}
