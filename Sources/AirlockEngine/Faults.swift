import AirlockModel
package import AirlockPorts

extension SourceError {
    /// One phrase; the advice is the verb's.
    package var phrase: String {
        switch self {
        case .timedOut(let limit): "no answer in \(limit.milliseconds / 1000) s"
        case .unreachable(let why): "the remote cannot be reached: \(why)"
        case .branchMissing(let name): "the remote has no branch \(name)"
        case .busy: "another process is fetching"
        case .objectMissing(let what): "the mirror lacks something: \(what)"
        case .tooLarge(let what, let limit): "\(what) is over \(limit)"
        case .unsupportedRemote(let why): why
        case .rejected(let why): why
        case .corrupt(let what): "the mirror is damaged: \(what)"
        case .failed(let why): why
        }
    }
}

extension ProviderError {
    /// One phrase.
    package var phrase: String {
        switch self {
        case .refused(let why): "refused: \(why)"
        case .noAnswer(let why): "no answer: \(why)"
        case .fenced(let claim): "fenced off by epoch \(claim.epoch) of ledger \(claim.ledger)"
        case .foreignClaim(let claim): "it belongs to ledger \(claim.ledger)"
        case .unsupported(let capability): "it cannot \(capability.rawValue)"
        }
    }
}

extension LedgerError {
    /// One sentence with the next move.
    package var phrase: String {
        switch self {
        case .locked(let holder): "the ledger is held by \(holder)"
        case .fenced: "another process has taken the ledger; this one must end"
        case .permissions(let path, let mode):
            "\(path) has mode \(mode) and can be read by others; run `chmod go-rwx \(path)`"
        case .corrupt(let what):
            "the ledger is damaged: \(what); nothing is done until a person has looked"
        case .newer(let found, let known):
            "the ledger has schema \(found), this version knows \(known); use a newer airlock"
        case .otherFleet(let known):
            "the ledger belongs to the fleet \(known); give the other fleet its own --state"
        case .missing(let path): "there is no ledger in \(path); `airlock run` makes one"
        case .contradiction(let what): "the journal contradicts itself: \(what); report this"
        case .storage(let why): "the ledger cannot be written: \(why)"
        case .entryTooLarge(let bytes): "an audit entry has \(bytes) bytes"
        }
    }
}

extension EngineHalt {
    /// One sentence with the next move.
    package var phrase: String {
        switch self {
        case .ledger(let error): error.phrase
        case .fenced(let environment, let claim):
            "a later writer (epoch \(claim.epoch)) has taken \(environment); this one must end"
        case .noFleet(let why): "there is no fleet to work on: \(why)"
        }
    }
}
