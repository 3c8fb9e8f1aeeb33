import AirlockEngine
import AirlockHost
import AirlockPorts
import Foundation

/// Errors of every layer as a person reads them: what failed, and whose move is next.
enum Explanation {
    static func of(_ error: any Error) -> String {
        switch error {
        case let error as SourceError: "git: \(error.phrase.visible)\n  → \(error.advice)"
        case let error as ProviderError: "provider: \(error.phrase.visible)\n  → \(error.advice)"
        case let error as LedgerError: error.phrase + (error.advice.map { "\n  → \($0)" } ?? "")
        case EngineHalt.ledger(let error): of(error)
        case let error as EngineHalt:
            error.phrase.visible + (error.advice.map { "\n  → \($0)" } ?? "")
        case let error as CocoaError:
            "\(error.localizedDescription) \(error.filePath ?? "")\n"
                + "  → check that the path is right and that this user may use it"
        default: "\(error)"
        }
    }
}

extension SourceError {
    /// Whose move is next.
    fileprivate var advice: String {
        switch self {
        case .timedOut: "try again; `git ls-remote` shows whether the remote answers"
        case .unreachable: "check --repo, or wait until the remote is back"
        case .branchMissing: "check the name; `git ls-remote --heads` lists the branches"
        case .busy: "try again in a moment"
        case .objectMissing: "try again; the next fetch brings it"
        case .tooLarge: "move it out of the folders that a fleet is read from"
        case .unacceptable: "mend it in a commit on top; what runs stays as it is until then"
        case .rejected: "look at the reference on the server, and at who may write it"
        case .unsupportedRemote: "docs/remotes.md shows every form and setting"
        case .corrupt:
            "`airlock reconcile` puts it aside and fetches anew, as `airlock run` does by itself; or "
                + "remove mirror.git in the state directory"
        case .failed: "mend what it names, then try again"
        }
    }
}

extension LedgerError {
    /// Whose move is next, where the phrase does not say it.
    fileprivate var advice: String? {
        switch self {
        case .locked:
            "end that process, or start this one with `airlock run --wait-for-lock` as a standby"
        case .corrupt: "keep the state directory as it is; `airlock audit verify` names the place"
        case .storage: "check the disk and the rights of the state directory"
        case .entryTooLarge: "report this"
        case .otherOwner(let path, let owner, _):
            "run it as that user (`sudo -u '#\(owner)' airlock …`); `ls -ln \(path)` shows what "
                + "belongs to whom"
        case .fenced, .permissions, .link, .newer, .otherFleet, .missing, .contradiction: nil
        }
    }
}

extension ProviderError {
    /// Whose move is next.
    fileprivate var advice: String {
        switch self {
        case .refused: "mend what it names, then try again; `airlock doctor` checks the rest"
        case .noAnswer: "try again when it answers"
        case .fenced: "end this process; a later one has taken over"
        case .foreignClaim: "`airlock run --take-over ENV` takes the environment, recorded"
        case .unsupported: "use a provider that can"
        }
    }
}
