import AirlockModel
import Synchronization

/// Identities of the shop; one that is not an identity is a bug of the rehearsal.
enum Name {
    /// The fleet of every shop.
    static let fleet = need(FleetName("shop"), "shop")

    static func lane(_ text: String) -> LaneID { need(LaneID(text), text) }
    static func environment(_ text: String) -> EnvironmentName {
        need(EnvironmentName(text), text)
    }

    private struct Version: Hashable {
        let name: String
        let number: Int
    }

    /// Those that were named before: every commit of every life names the same few dozen.
    private static let artifacts = Mutex<[Version: ArtifactReference]>([:])

    /// An artifact whose digest depends on `name` and `version` alone.
    static func artifact(_ name: String, _ version: Int) -> ArtifactReference {
        let key = Version(name: name, number: version)
        if let known = artifacts.withLock({ $0[key] }) { return known }
        let digest = Digest(of: "\(name):\(version)".utf8)
        let artifact = need(
            ArtifactReference("registry.example/\(name)@sha256:\(digest)"), name)
        artifacts.withLock { $0[key] = artifact }
        return artifact
    }

    private static func need<Value>(_ value: Value?, _ text: String) -> Value {
        guard let value else { preconditionFailure("not a \(Value.self): \(text)") }
        return value
    }
}
