import AirlockModel

/// Identities of the shop; one that is not an identity is a bug of the rehearsal.
enum Name {
    static func lane(_ text: String) -> LaneID { need(LaneID(text), text) }
    static func environment(_ text: String) -> EnvironmentName {
        need(EnvironmentName(text), text)
    }

    /// An artifact whose digest depends on `name` and `version` alone.
    static func artifact(_ name: String, _ version: Int) -> ArtifactReference {
        let digest = Digest(of: "\(name):\(version)".utf8)
        return need(ArtifactReference("registry.example/\(name)@sha256:\(digest)"), name)
    }

    private static func need<Value>(_ value: Value?, _ text: String) -> Value {
        guard let value else { preconditionFailure("not a \(Value.self): \(text)") }
        return value
    }
}
