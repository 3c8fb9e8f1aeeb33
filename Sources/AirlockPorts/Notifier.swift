package import AirlockModel

/// Who is told when a person has to know or do something: Alertmanager, a webhook.
///
/// A notifier holds no policy: what is told, how often and what is held back is decided before it. It
/// never waits longer than its own limit, and nothing waits for it.
package protocol Notifier: Sendable {
    /// What it is called in logs: `alertmanager`, `webhook`.
    var name: String { get }

    /// How often it wants to hear of an alert that still stands; nil for once only.
    var repeats: Duration? { get }

    /// Tells all of `notices` or none.
    ///
    /// - Throws: ``NotifierError``. Telling the same again must be harmless: an answer can get lost.
    func tell(_ notices: [AlertNotice]) async throws(NotifierError)
}

/// Why somebody was not told.
package enum NotifierError: Error, Hashable, Sendable {
    /// It cannot be reached or is overloaded; trying again may help.
    case unavailable(String)
    /// It will never take this.
    case refused(String)

    /// One phrase.
    package var phrase: String {
        switch self {
        case .unavailable(let why): "it cannot be told: \(why)"
        case .refused(let why): "it refuses: \(why)"
        }
    }
}
