import AirlockModel
import AirlockPorts
import Logging

/// A mirror that is damaged: it is only a copy, so it is put aside and fetched anew.
extension SourceKeeper {
    /// How often that is done before a person has to look.
    private static let mostClones = 3
    /// How long it waits then before it tries once more by itself.
    private static let pause = Duration.seconds(600)

    /// Fetches; a mirror that is damaged is put aside and fetched anew, a few times at the most.
    func fetch() async throws(SourceError) -> FetchedHead {
        do { return try await parts.source.fetch(limit: parts.settings.fetchLimit) } catch {
            guard error.isDamage, try await putAside(because: error) else {
                // A process before this one may have been killed while the good mirror was aside.
                if accepted == nil { try await parts.source.takeBack() }
                throw error
            }
        }
        return try await fetchAnew()
    }

    /// Fetches the whole branch anew where the mirror lost something, and looks at the commit again.
    func considerAnew(
        _ head: CommitID, after error: SourceError
    ) async throws(EngineHalt) -> Bool {
        guard error.isDamage, !isFetching else { return false }
        do {
            guard try await putAside(because: error) else { return false }
            fetched = try await fetchAnew()
        } catch {
            fault = "git: \(error.phrase)"
            return false
        }
        fault = nil
        return try await consider(fetched?.commit ?? head)
    }

    /// Puts the mirror aside; false when that was done as often as can help for now.
    private func putAside(because error: SourceError) async throws(SourceError) -> Bool {
        let now = parts.clock.now()
        if clones >= Self.mostClones, now.elapsed(since: lastClone ?? now) >= Self.pause {
            // Whoever served half a commit may have been mended.
            clones = Self.mostClones - 1
        }
        guard clones < Self.mostClones else {
            // The first copy still has all that was in force before.
            try await parts.source.takeBack()
            return false
        }
        clones += 1
        lastClone = now
        parts.logger.error(
            "the mirror is damaged and is fetched anew",
            metadata: ["try": "\(clones)", "reason": "\(error.phrase)"])
        try await parts.source.putAside()
        return true
    }

    /// Fetches after the mirror was put aside; it is taken back where nothing comes.
    private func fetchAnew() async throws(SourceError) -> FetchedHead {
        do { return try await parts.source.fetch(limit: parts.settings.fetchLimit) } catch {
            // A remote that is away gave nothing that could be tried.
            if !error.isDamage { clones -= 1 }
            try await parts.source.takeBack()
            throw error
        }
    }

    /// Notes that the newest commit could be read.
    func noteReadable() async {
        (clones, lastClone) = (0, nil)
        do { try await parts.source.dropAside() } catch {
            parts.logger.warning(
                "the damaged mirror stays beside the new one",
                metadata: ["reason": "\(error.phrase)"])
        }
    }
}
