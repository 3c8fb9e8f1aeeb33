import AirlockGit
import AirlockLedger
import AirlockModel
import ArgumentParser

/// A commit as a person types it: its whole name, or its first digits as every table prints them.
struct CommitArgument: Sendable {
    /// The fewest digits that stand for a commit, as in git.
    private static let fewestDigits = 7

    /// What a person is told who wrote something else.
    static let form =
        "write the first 7 to 40 hexadecimal digits of a commit, as `git log` and the tables show it"

    /// Lowercase.
    let digits: String

    /// Reads what a person typed.
    ///
    /// - Throws: `ValidationError` with the right form.
    init(_ text: String) throws {
        let digits = text.lowercased()
        guard (Self.fewestDigits...40).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { throw ValidationError(Self.form) }
        self.digits = digits
    }

    /// The commit of a text that must be a whole name, because nothing is known yet that a short one
    /// could stand for.
    ///
    /// - Throws: `ValidationError` with the right form.
    static func whole(_ text: String) throws -> CommitID {
        guard let commit = CommitID(text) else {
            throw ValidationError(
                "write all 40 hexadecimal digits of the commit; `git rev-parse NAME` prints them")
        }
        return commit
    }
}

/// The commits that the ledger or the last fetch knows, of which a short name can stand for one.
struct KnownCommits {
    private let commits: Set<CommitID>

    /// Reads every commit that ever was accepted or refused; nothing is fetched.
    init(_ wiring: Wiring) async throws {
        var commits: Set<CommitID> = []
        if let reader = try wiring.reader() {
            let filter = AuditFilter(kinds: [.commitAccepted, .commitRefused, .trust])
            commits.formUnion(try await reader.entries(filter).compactMap(\.draft.commit))
            let state = try await reader.state()
            let named = [
                state.trustRoot, state.head?.commit.id, state.rewrite?.commit,
                state.rewrite?.kept.commit.id,
            ]
            commits.formUnion(named.compactMap(\.self))
        }
        if let fetched = try await wiring.source().lastFetch() { commits.insert(fetched.commit) }
        self.commits = commits
    }

    /// The commit that `argument` stands for; a whole name stands for itself, known or not.
    ///
    /// - Throws: ``Failure`` for a short name of none or of several.
    static func find(_ argument: CommitArgument, _ wiring: Wiring) async throws -> CommitID {
        if let whole = CommitID(argument.digits) { return whole }
        return try await KnownCommits(wiring).find(argument.digits)
    }

    private func find(_ digits: String) throws -> CommitID {
        let found = commits.filter { $0.description.hasPrefix(digits) }
        guard let commit = found.first else {
            throw Failure(
                "no commit that Airlock knows begins with \(digits)", advice: CommitArgument.form)
        }
        guard found.count == 1 else {
            let names = found.map(\.description).sorted().prefix(8).joined(separator: ", ")
            throw Failure(
                "\(digits) is short for several commits: \(names)", advice: "write more digits")
        }
        return commit
    }
}
