import AirlockModel
import AirlockPorts
import Logging

/// A commit that the process dies of: it is refused in the end, or every start would die of it again.
extension SourceKeeper {
    /// How many processes may die while they read one commit.
    private static let mostDeaths = 3
    /// After how long a start reads it once more: the cause may have been the machine's.
    private static let pause = Duration.seconds(600)

    /// Considers the newest commit, with a note of it that outlives the process.
    ///
    /// What was in force once was read before, and a fleet that is too large for the machine today may
    /// fit tomorrow: a commit counts only until it is accepted or refused.
    func takeUp(_ head: CommitID) async throws(EngineHalt) -> Bool {
        guard await books.state.head?.commit.id != head else { return try await consider(head) }
        if let why = await deaths(of: head) {
            try await refuse(head, why, [])
            return false
        }
        let began = parts.clock.now().wall
        await note { source throws(SourceError) in
            try await source.beginReading(head, at: began)
        }
        let result: Result<Bool, EngineHalt>
        do throws(EngineHalt) { result = .success(try await consider(head)) } catch {
            result = .failure(error)
        }
        await note { source throws(SourceError) in try await source.endReading() }
        return try result.get()
    }

    /// Why a commit is not read any more; nil where it may be.
    private func deaths(of head: CommitID) async -> String? {
        let unended: UnendedReadings
        do { unended = try await parts.source.unendedReadings(of: head) } catch { return nil }
        guard unended.count >= Self.mostDeaths, let last = unended.last else { return nil }
        let again = last + Self.pause
        guard parts.clock.now().wall < again else { return nil }
        return "\(unended.count) processes ended while they read it; push a commit on top, or mend "
            + "what ended them and start Airlock again after \(again)"
    }

    /// A note that cannot be kept stops nothing: it only tells the next process.
    private func note(
        _ change: (any CommitSource) async throws(SourceError) -> Void
    ) async {
        do throws(SourceError) { try await change(parts.source) } catch {
            parts.logger.warning(
                "the note of the commit that is read could not be kept",
                metadata: ["reason": "\(error.phrase)"])
        }
    }
}
