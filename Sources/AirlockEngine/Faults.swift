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
        case .unacceptable(let why): why
        case .unsupportedRemote(let why): why
        case .rejected(let why): why
        case .corrupt(let what): "the mirror is damaged: \(what)"
        case .failed(let why): why
        }
    }
}

extension SourceError {
    /// The phrase of what reading a commit ran into, which may be of another kind.
    static func phrase(of error: any Error) -> String {
        (error as? SourceError)?.phrase ?? "\(error)"
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
    package var phrase: String { description }
}

extension EngineHalt {
    /// Whose move is next, where the phrase does not say it.
    package var advice: String? {
        switch self {
        case .ledger, .noFleet: nil
        case .fenced(let environment, _):
            "`airlock doctor` says who has it; where this ledger is the one that shall go on, such as "
                + "one from a backup, end the other and `airlock run --take-over \(environment)`"
        case .otherRoot:
            "leave --trust-root out, or name the pinned one; `airlock reconcile --accept-rewrite` moves it "
                + "to a head that dropped it"
        }
    }

    /// One sentence with the next move.
    package var phrase: String {
        switch self {
        case .ledger(let error): error.phrase
        case .fenced(let environment, let claim):
            "a later writer (epoch \(claim.epoch)) has taken \(environment); this one must end"
        case .noFleet(let why): "there is no fleet to work on: \(why)"
        case .otherRoot(let pinned, let asked):
            "the trust root of this ledger is \(pinned), and not \(asked), which --trust-root names"
        }
    }
}
