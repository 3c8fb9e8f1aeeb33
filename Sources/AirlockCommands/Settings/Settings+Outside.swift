import AirlockGit
import AirlockModel
import AirlockNotify
import AirlockPrometheus
import Foundation

extension Settings {
    /// How servers of metrics let Airlock in.
    ///
    /// - Throws: ``Failure`` for a value that is none of its kind.
    func metricsAccess() throws -> MetricsAccess {
        var access = MetricsAccess()
        access.allowsInsecure = try remoteAccess().allowsInsecure
        let server = try address(.metricsTokenFor)
        guard let file = try credential(.metricsTokenFile) else { return access }
        guard let server else {
            throw Failure(
                "metricsTokenFile is set, and metricsTokenFor does not say for which server",
                advice: "set metricsTokenFor to the url that environments name, such as "
                    + "https://prometheus.example:9090")
        }
        access.token = (server, { try file.text() })
        return access
    }

    /// Alertmanager; nil where none is told.
    ///
    /// - Throws: ``Failure`` for a value that is none of its kind.
    func alertmanager() throws -> OutsideEndpoint? {
        guard let address = try address(.alertmanager) else { return nil }
        let allowsInsecure = try remoteAccess().allowsInsecure
        guard let file = try credential(.alertmanagerTokenFile) else {
            return OutsideEndpoint(address, allowsInsecure: allowsInsecure)
        }
        return OutsideEndpoint(address, allowsInsecure: allowsInsecure) { try file.text() }
    }

    /// The webhook and what signs for it; nil where none is told.
    ///
    /// - Throws: ``Failure`` for a value that is none of its kind, and for a webhook without a secret.
    func webhook() throws -> (OutsideEndpoint, CredentialFile)? {
        guard let address = try address(.webhook) else { return nil }
        let form = "openssl rand -hex 32 > FILE && chmod 600 FILE"
        guard let secret = try credential(.webhookSecretFile) else {
            throw Failure(
                "webhook is set, and webhookSecretFile is not",
                advice: "make a secret with `\(form)` and give its path")
        }
        guard try secret.bytes().count >= WebhookNotifier.minimumSecretBytes else {
            throw Failure(
                "the secret in \(secret.path) is under \(WebhookNotifier.minimumSecretBytes) bytes",
                advice: "make one with `\(form)`")
        }
        return (
            OutsideEndpoint(address, allowsInsecure: try remoteAccess().allowsInsecure), secret
        )
    }

    private func address(_ key: Key) throws -> HTTPAddress? {
        guard !self[key].isEmpty else { return nil }
        guard let address = HTTPAddress(self[key]) else {
            throw Failure(
                "\(key.rawValue) is no address of an HTTP server",
                advice:
                    "write https://alertmanager.example:9093, without user, query or a slash at "
                    + "the end")
        }
        return address
    }

    private func credential(_ key: Key) throws -> CredentialFile? {
        guard !self[key].isEmpty else { return nil }
        let file = CredentialFile(path: self[key])
        _ = try file.bytes()
        return file
    }
}

/// A file that holds one token or secret; read anew each time, so that it can be rotated.
struct CredentialFile: Sendable {
    /// The longest in bytes.
    private static let maximumBytes = 4_096

    let path: String

    /// Its bytes without white space at the end.
    ///
    /// - Throws: ``Failure`` when it cannot be read, others can read it, or it is empty.
    func bytes() throws -> [UInt8] {
        let mode: Int?
        let bytes: [UInt8]
        do {
            mode =
                try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            bytes = Array(try Data(contentsOf: URL(filePath: path)).prefix(Self.maximumBytes + 1))
        } catch {
            throw Failure("\(path) cannot be read", advice: "check the path and who owns it")
        }
        guard (mode ?? 0) & 0o077 == 0 else {
            throw Failure("others can read \(path)", advice: "run `chmod 600 \(path)`")
        }
        guard bytes.count <= Self.maximumBytes else {
            throw Failure(
                "\(path) is over \(Self.maximumBytes) bytes", advice: "it holds one token")
        }
        let text = bytes.reversed().drop { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }.reversed()
        guard !text.isEmpty else { throw Failure("\(path) is empty", advice: "write the token") }
        return Array(text)
    }

    /// The same as text that fits into a header.
    func text() throws -> String {
        let bytes = try bytes()
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure("\(path) holds more than one token", advice: "it holds one line")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
