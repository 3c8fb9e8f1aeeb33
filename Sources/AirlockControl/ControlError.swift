import AirlockModel

/// Why a request got no answer.
package enum ControlError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody listens at the path: no process holds the ledger.
    case noHolder(path: String)
    /// The kernel does not let this user connect.
    case refused(path: String)
    /// The connection ended before the answer; whether the request was carried out is unknown.
    case closedEarly
    /// A request or an answer is over the limit, in bytes.
    case tooLarge(limit: Int)
    /// No answer in time; whether the request was carried out is unknown.
    case timedOut(after: Duration)
    /// The asking task was cancelled; whether the request was carried out is unknown.
    case cancelled
    /// What came back is not an answer to the request.
    case garbled(String)
    /// The path is over the kernel's limit for a socket, in bytes.
    case pathTooLong(path: String, limit: Int)
    /// A live process listens at the path already.
    case held(path: String)
    /// Something that is not a socket is in the way.
    case notASocket(path: String)
    /// A system call failed for a reason not named above.
    case failed(call: String, reason: String)

    /// What failed, where, and what to do.
    package var description: String {
        switch self {
        case .noHolder(let path):
            "no reconciler listens at \(path); start one with airlock run"
        case .refused(let path):
            "\(path) belongs to another user; run this as the user of airlock run"
        case .closedEarly:
            "the reconciler closed the connection before it answered; "
                + "see airlock status for what was done"
        case .tooLarge(let limit):
            "a control request or answer is over \(limit) bytes; ask for less at once"
        case .timedOut(let duration):
            "the reconciler did not answer within \(duration.milliseconds / 1000) s; "
                + "see airlock status for what was done"
        case .cancelled: "interrupted while waiting for the reconciler's answer"
        case .garbled(let what):
            "the reconciler's answer cannot be read (\(what)); use the same version of airlock"
        case .pathTooLong(let path, let limit):
            "\(path) is over the kernel's \(limit) bytes for a socket; pass a shorter --state DIR"
        case .held(let path):
            "another reconciler listens at \(path); stop it or use another --state DIR"
        case .notASocket(let path):
            "\(path) is in the way and is not a socket; move it away"
        case .failed(let call, let reason): "\(call) failed: \(reason)"
        }
    }
}
