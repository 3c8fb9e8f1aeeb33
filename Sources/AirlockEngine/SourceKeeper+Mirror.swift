import AirlockModel
import AirlockPorts
import Logging

/// A mirror that is damaged: it is only a copy, so it is put aside and fetched anew.
extension SourceKeeper {
    /// How often that is done before a person has to look.
    private static let mostClones = 3

    /// Fetches; a mirror that is damaged is put aside and fetched anew, a few times at the most.
    func fetch() async throws(SourceError) -> FetchedHead {
        do { return try await parts.source.fetch(limit: parts.settings.fetchLimit) } catch {
            guard error.isDamage, try await putAside(because: error) else { throw error }
        }
        return try await fetchAnew()
    }

    /// Fetches the whole branch anew where the mirror lost something, and looks at the commit again.
    func considerAnew(
        _ head: CommitID, after error: SourceError
    ) async throws(EngineHalt) -> Bool {
        guard error.isDamage else { return false }
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

    /// Puts the mirror aside; false when that was done as often as can help.
    private func putAside(because error: SourceError) async throws(SourceError) -> Bool {
        guard clones < Self.mostClones else {
            try await takeBack()
            return false
        }
        clones += 1
        parts.logger.error(
            "the mirror is damaged and is fetched anew",
            metadata: ["try": "\(clones)", "reason": "\(error.phrase)"])
        try await parts.source.putAside(isFirst: !isAside)
        isAside = true
        return true
    }

    /// Fetches after the mirror was put aside; it is taken back where nothing comes.
    private func fetchAnew() async throws(SourceError) -> FetchedHead {
        do { return try await parts.source.fetch(limit: parts.settings.fetchLimit) } catch {
            try await takeBack()
            throw error
        }
    }

    /// Takes the first copy back, which still has all that was in force before.
    private func takeBack() async throws(SourceError) {
        guard isAside else { return }
        isAside = false
        try await parts.source.takeBack()
    }
}
