/// A stop of everything in the whole fleet, automatic rollback included.
package struct FleetStop: Hashable, Sendable, Codable {
    /// How often a person is paged while it lasts.
    package static let pageEvery = Duration.seconds(900)

    package let reason: String
    package let actor: Actor
    package let from: Timestamp
    /// Nil for "until thawed".
    package let until: Timestamp?
    /// When a person was paged for it last.
    package var paged: Timestamp?

    package init(
        reason: String, actor: Actor, from: Timestamp, until: Timestamp?, paged: Timestamp? = nil
    ) {
        self.reason = reason
        self.actor = actor
        self.from = from
        self.until = until
        self.paged = paged
    }

    /// Whether it has not ended by then.
    package func isInForce(at time: Timestamp) -> Bool { until.map { $0 > time } ?? true }

    /// Whether a person is to be paged again.
    package func isPageDue(at time: Timestamp) -> Bool {
        isInForce(at: time) && (paged.map { time - $0 >= Self.pageEvery } ?? true)
    }
}
