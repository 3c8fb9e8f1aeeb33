/// Why an audit log cannot be trusted, or cannot be read.
package enum AuditFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no log here, or it has no checkpoint yet.
    case missing(path: String)
    /// A file is not what the log says it must be; `place` names file and entry or offset.
    case damaged(place: String, what: String)
    /// The log is older than what was signed before.
    case cutShort(size: Int, signed: Int)
    /// A file could not be read.
    case unreadable(String)
    /// What was asked for does not exist or fit, such as a proof for an entry beyond the log.
    case refused(String)

    package var description: String {
        switch self {
        case .missing(let path): "there is no audit log at \(path)"
        case .damaged(let place, let what): "\(place): \(what)"
        case .cutShort(let size, let signed):
            "audit/checkpoint: the log was cut short: it has \(size) entries, "
                + "\(signed) were signed"
        case .unreadable(let text): text
        case .refused(let text): text
        }
    }
}
