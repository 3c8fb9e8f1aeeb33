import AirlockManifest
import AirlockModel

/// A tree of files in memory, for tests.
struct MemoryTree: Hashable {
    struct Entry: Hashable {
        var kind = TreeEntry.Kind.file
        var contents: String
    }

    var entries: [String: Entry] = [:]

    init(_ files: [String: String] = [:]) {
        entries = files.mapValues { Entry(contents: $0) }
    }

    subscript(path: String) -> String? {
        get { entries[path]?.contents }
        set { entries[path] = newValue.map { Entry(contents: $0) } }
    }

    static func object(_ contents: String) -> ObjectID {
        guard let id = ObjectID(String(Digest(of: contents.utf8).description.prefix(40))) else {
            preconditionFailure("a digest has 64 digits")
        }
        return id
    }

    /// Contents by object.
    var blobs: [ObjectID: [UInt8]] {
        Dictionary(
            entries.values.map { (Self.object($0.contents), Array($0.contents.utf8)) }
        ) { first, _ in first }
    }

    func delta(from old: MemoryTree = MemoryTree()) -> TreeDelta {
        var changes: [TreeChange] = []
        for (path, entry) in entries where old.entries[path] != entry {
            changes.append(
                .set(TreeEntry(path: path, object: Self.object(entry.contents), kind: entry.kind)))
        }
        for path in old.entries.keys where entries[path] == nil {
            changes.append(.remove(path: path))
        }
        return TreeDelta(changes: changes.sorted { $0.path < $1.path })
    }

    /// Decodes the whole tree from nothing.
    func decode() -> DecodedFleet {
        var decoder = FleetDecoder()
        return decoder.apply(delta(), blobs: blobs, commit: nil)
    }

    /// Two environments and three services that call each other.
    static var shop: MemoryTree {
        var tree = MemoryTree([
            "fleet.yaml": "airlock: 1\nname: shop\norder: [staging, production]\n",
            "environments/staging.yaml": "tier: staging\n",
            "environments/production.yaml": "tier: production\n",
            "services/web/service.yaml": "port: 8080\ncalls: [api]\nowner: team-web\n",
            "services/api/service.yaml": "port: 8081\ncalls: [store]\n",
            "services/store/service.yaml": "port: 8082\n",
            "simulation.yaml": "traffic: {web: 5/s}\nsecrets: {web-key: 1}\n",
        ])
        for service in ["web", "api", "store"] {
            for environment in ["staging", "production"] {
                tree["services/\(service)/\(environment).yaml"] = release(service)
            }
        }
        return tree
    }

    static func release(_ name: String, _ version: Int = 1, extra: String = "") -> String {
        let digest = Digest(of: "\(name):\(version)".utf8)
        return "artifact: registry.example/\(name)@sha256:\(digest)\nreplicas: 2\n\(extra)"
    }
}

/// SplitMix64: one seed, one sequence.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Reads `text` as a file of `kind` and gives its diagnostics as an editor would see them.
func messages(_ kind: ManifestKind, _ text: String) -> [String] {
    DecodedDocument.read(Array(text.utf8), as: kind).problems
        .map { $0.diagnostic(at: "f").description }
}

func lane(_ text: String) -> LaneID {
    guard let lane = LaneID(text) else { preconditionFailure("not a lane: \(text)") }
    return lane
}
