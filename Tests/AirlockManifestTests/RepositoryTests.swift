import AirlockManifest
import AirlockModel
import Foundation
import Testing

/// The root of the checkout that the tests were built from.
let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

@Suite("Repositories that come with Airlock")
struct RepositoryTests {
    /// Every file of the example that is read, with its kind.
    static func documents() throws -> [(ManifestKind, String)] {
        try files(under: checkout.appending(path: "ExampleRepo")).compactMap { file in
            guard case .document(let subject) = ReadPath(file.path) else { return nil }
            return (subject.kind, String(decoding: file.bytes, as: UTF8.self))
        }
    }

    private static func files(under root: URL) throws -> [FleetValidation.File] {
        let base = root.resolvingSymlinksInPath().path() + (root.path().hasSuffix("/") ? "" : "/")
        let all = try #require(
            FileManager.default.enumerator(
                at: root.resolvingSymlinksInPath(), includingPropertiesForKeys: nil))
        return try all.compactMap { $0 as? URL }.filter { !$0.hasDirectoryPath }.map { url in
            FleetValidation.File(
                path: String(url.path().dropFirst(base.count)),
                bytes: Array(try Data(contentsOf: url)))
        }
    }

    @Test("ExampleRepo validates without a diagnostic")
    func example() throws {
        let decoded = FleetValidation.decode(
            try Self.files(under: checkout.appending(path: "ExampleRepo")))
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        let fleet = try #require(decoded.fleet)
        let simulation = try #require(decoded.simulation)
        #expect(fleet.environments.count == 4 && fleet.lanes.count == 24)
        #expect(Set(fleet.lanes.keys.map(\.unit)).count == 6)
        for (lane, desired) in fleet.lanes {
            let version = try #require(desired.release.version)
            #expect(
                desired.release.artifact.digest == Digest(of: "\(lane.unit.name):\(version)".utf8),
                "\(lane)")
            #expect(desired.secrets.allSatisfy { simulation.secrets[$0] != nil }, "\(lane)")
            #expect(simulation.artifacts[desired.release.artifact.digest] != nil, "\(lane)")
        }
        let slowest = simulation.artifacts.values.compactMap(\.startup).max() ?? .zero
        #expect(slowest <= .seconds(2))
        #expect(
            fleet.lanes.values.contains {
                $0.release.replicas.minimum < $0.release.replicas.maximum
            })
    }

    @Test("what the example's README says to write is there to be deployed")
    func readme() throws {
        let root = checkout.appending(path: "ExampleRepo")
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let simulation = try String(
            contentsOf: root.appending(path: "simulation.yaml"), encoding: .utf8)
        let digest = Digest(of: "checkout:1.9.0".utf8)
        #expect(readme.contains("registry.shop.example/checkout@sha256:\(digest)"))
        #expect(simulation.contains("sha256:\(digest)"))
        #expect(simulation.contains("sha256:\(Digest(of: "checkout:1.9.1".utf8))"))
    }

    @Test("what `init` writes validates without a diagnostic", arguments: ["shop", "a", "x-1"])
    func starter(name: String) throws {
        let files = StarterRepository.files(name: try #require(FleetName(name)))
        let decoded = FleetValidation.decode(
            files.map { FleetValidation.File(path: $0.path, bytes: Array($0.contents.utf8)) })
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        #expect(decoded.fleet?.lanes.count == 4 && decoded.fleet?.name.description == name)
        let secrets = Set(decoded.fleet?.lanes.values.flatMap(\.secrets) ?? [])
        #expect(secrets.isSubset(of: decoded.simulation?.secrets.keys.map(\.self) ?? []))
        #expect(files.map(\.path) == files.map(\.path).sorted())
        #expect(files.allSatisfy { $0.contents.hasSuffix("\n") && !$0.contents.hasSuffix("\n\n") })
    }

    @Test("docs/format.md is what the table of keys says")
    func reference() throws {
        let url = checkout.appending(path: "docs/format.md")
        if ProcessInfo.processInfo.environment["AIRLOCK_WRITE_DOCS"] == "1" {
            try FormatReference.markdown().write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: url, encoding: .utf8) == FormatReference.markdown(),
            "write it anew: AIRLOCK_WRITE_DOCS=1 swift test --filter RepositoryTests")
    }

    @Test("every example of the reference is accepted where it stands")
    func examples() {
        for kind in ManifestKind.allCases {
            let keys = kind.record.keys.filter(\.isEnforced)
            let text = keys.map { "\($0.name): \($0.example)" }.joined(separator: "\n")
                .replacing("<64 hex>", with: String(repeating: "a", count: 64))
            #expect(messages(kind, text) == [], "\(kind)")
        }
    }
}
