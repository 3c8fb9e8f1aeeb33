import AirlockManifest
import AirlockModel
import Testing

@Suite("Incremental decoding")
struct IncrementalTests {
    /// Paths and contents, good and bad, from which histories are made.
    private static let pool: [(path: String, contents: [String])] = [
        (
            "fleet.yaml",
            [
                "airlock: 1\nname: shop\norder: [staging, production]\n",
                "airlock: 1\nname: shop\norder: [staging, production, qa]\n",
                "airlock: 1\nname: shop\norder: [production, staging]\n", "airlock: 2\n",
            ]
        ),
        ("environments/staging.yaml", ["tier: staging\n", "tier: testing\n", "tier: 1\n"]),
        ("environments/production.yaml", ["tier: production\n", "{"]),
        ("environments/qa.yaml", ["tier: testing\n", "tier: staging\n"]),
        ("environments/QA.yaml", ["tier: testing\n"]),
        (
            "services/web/service.yaml",
            ["port: 1\n", "port: 1\ncalls: [api]\n", "port: 1\ncalls: [new]\n", "port: x\n"]
        ),
        ("services/api/service.yaml", ["port: 1\n", "port: 2\ncalls: [web, store]\n"]),
        ("services/new/service.yaml", ["port: 1\n"]),
        ("services/store/service.yaml", ["port: 1\n"]),
        ("services/Store/service.yaml", ["port: 1\n"]),
        (
            "services/web/staging.yaml",
            [MemoryTree.release("web"), MemoryTree.release("web", 2), "replicas: 1\n"]
        ),
        (
            "services/web/production.yaml",
            [MemoryTree.release("web"), MemoryTree.release("web", 2)]
        ),
        ("services/web/qa.yaml", [MemoryTree.release("web")]),
        ("services/web/production.yml", [MemoryTree.release("web")]),
        (
            "services/api/staging.yaml",
            [MemoryTree.release("web"), MemoryTree.release("api"), "x: ["]
        ),
        ("services/api/production.yaml", [MemoryTree.release("api")]),
        ("services/new/qa.yaml", [MemoryTree.release("new")]),
        ("services/store/staging.yaml", [MemoryTree.release("web")]),
        ("simulation.yaml", ["traffic: {web: 1/s}\n", "traffic: {web: 1}\n"]),
        ("network.yaml", ["a: 1\n"]),
    ]

    /// Lanes of either fleet that one of them parks and the other does not, or not for the same reason.
    private static func lanesParkedOtherwise(_ old: Fleet, _ new: Fleet) -> Set<LaneID> {
        Set(old.lanes.keys).union(new.lanes.keys)
            .union(old.parked.lanes.keys).union(new.parked.lanes.keys)
            .union(old.parked.missing.keys).union(new.parked.missing.keys)
            .filter { old.parked.diagnostics(of: $0) != new.parked.diagnostics(of: $0) }
    }

    @Test("a history of differences gives what the last tree gives alone", arguments: 0..<60)
    func history(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var decoder = FleetDecoder()
        var tree = MemoryTree.shop
        var last = MemoryTree()
        var known: LaneTable<DesiredLane> = [:]
        var before: Fleet?
        for step in 0..<25 {
            let decoded = decoder.apply(tree.delta(from: last), blobs: tree.blobs, commit: nil)
            let alone = tree.decode()
            #expect(decoded.fleet == alone.fleet, "seed \(seed) step \(step)")
            #expect(decoded.diagnostics == alone.diagnostics, "seed \(seed) step \(step)")
            #expect(decoded.simulation == alone.simulation)
            if let fleet = decoded.fleet {
                let differing = Set(known.keys).union(fleet.lanes.keys).filter {
                    known[$0] != fleet.lanes[$0]
                }
                #expect(differing.isSubset(of: decoded.touched), "seed \(seed) step \(step)")
                known = fleet.lanes
                if decoded.isNarrow, let before {
                    let moved = Self.lanesParkedOtherwise(before, fleet)
                    #expect(moved.isSubset(of: decoded.touched), "seed \(seed) step \(step)")
                    var same = fleet
                    (same.lanes, same.parked) = (before.lanes, before.parked)
                    same.serviceFileCount = before.serviceFileCount
                    #expect(same == before, "seed \(seed) step \(step)")
                }
                before = fleet
            }
            last = tree
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let (path, contents) = try #require(Self.pool.randomElement(using: &random))
                let kinds: [TreeEntry.Kind] = [.file, .file, .file, .file, .symlink]
                tree[path] =
                    Bool.random(using: &random) || Bool.random(using: &random)
                    ? contents.randomElement(using: &random) : nil
                tree.entries[path]?.kind = try #require(kinds.randomElement(using: &random))
            }
        }
    }
}
