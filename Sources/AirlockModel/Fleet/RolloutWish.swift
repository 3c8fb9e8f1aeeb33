/// The state of its rollout that a release asks for. It is no part of the change: a rollout that is held
/// and goes on is the same one.
package enum RolloutWish: Hashable, Sendable, Codable {
    case proceed
    /// Stays where it is; harm that its new slot does is taken back all the same.
    case hold
    /// Goes back, and is not begun.
    case abort
    /// At most this share of the traffic, in per mille.
    case upTo(Int)

    /// As a release spells it.
    package var text: String {
        switch self {
        case .proceed: "proceed"
        case .hold: "hold"
        case .abort: "abort"
        case .upTo(let perMille): "{upTo: \(Share(perMille: perMille).text)}"
        }
    }
}
