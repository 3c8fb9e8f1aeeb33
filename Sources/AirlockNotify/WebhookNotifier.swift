import AirlockHTTP
package import AirlockModel
package import AirlockPorts
import Crypto
import FoundationEssentials

/// Tells a plain webhook: JSON, signed over its time and its body.
///
/// `Airlock-Signature: t=SECONDS,v1=HEX` with HMAC-SHA256 over `SECONDS.BODY`. A receiver compares in
/// constant time, refuses times that are more than five minutes off, and forgets what it has seen by `id`.
package struct WebhookNotifier: Notifier {
    private static let limit = Duration.seconds(5)
    private static let maximumBytes = 64 << 10
    /// The fewest bytes of a secret.
    package static let minimumSecretBytes = 32

    package let name = "webhook"
    package var repeats: Duration? { .seconds(4 * 3600) }

    private let endpoint: OutsideEndpoint
    private let secret: @Sendable () throws -> [UInt8]
    private let now: @Sendable () -> Timestamp

    /// - Parameter secret: Read anew each time, so that it can be rotated.
    package init(
        _ endpoint: OutsideEndpoint, secret: @escaping @Sendable () throws -> [UInt8],
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.endpoint = endpoint
        self.secret = secret
        self.now = now
    }

    /// The body; `v` counts its form.
    struct Message: Encodable {
        let v = 1
        let alerts: [Item]
    }

    /// One alert in it.
    struct Item: Encodable {
        /// The same for the same alert and status, however often it is told.
        let id: String
        let status: String
        let startsAt: String
        let at: String
        let labels: [String: String]
        let annotations: [String: String]
    }

    package func tell(_ notices: [AlertNotice]) async throws(NotifierError) {
        let body = try OutsideEndpoint.json(Message(alerts: notices.map(Self.item)))
        let key: [UInt8]
        do { key = try secret() } catch { throw .refused("its secret cannot be read: \(error)") }
        let signature = Self.signature(of: body, at: now(), key: key)
        try await endpoint.post(
            body, to: "", headers: [("Airlock-Signature", signature)], limit: Self.limit,
            maximumBytes: Self.maximumBytes)
    }

    /// The value of the header.
    static func signature(of body: [UInt8], at time: Timestamp, key: [UInt8]) -> String {
        let seconds = time.milliseconds / 1000
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(seconds).".utf8) + body, using: SymmetricKey(data: key))
        return "t=\(seconds),v1=\(code.withUnsafeBytes { Hex.encode($0) })"
    }

    static func item(_ notice: AlertNotice) -> Item {
        let labels = AlertSentences.labels(notice)
        var identity = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        identity += [notice.alert.since.rfc3339, notice.status.rawValue]
        return Item(
            id: Digest(of: identity.joined(separator: "\n").utf8).short,
            status: notice.status.rawValue, startsAt: notice.alert.since.rfc3339,
            at: notice.at.rfc3339, labels: labels,
            annotations: AlertSentences.annotations(notice))
    }
}
