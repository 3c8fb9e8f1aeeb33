import AirlockManifest
import AirlockModel
import Testing

@Suite("Releases for environments that are not there")
struct StrayReleaseTests {
    private let shop = MemoryTree.shop

    @Test("a file of an unknown environment leaves the other lanes of its service to git")
    func strayRelease() throws {
        var tree = shop
        tree["services/web/stage.yaml"] = MemoryTree.release("web", 2)
        var fleet = try #require(tree.decode().fleet)
        #expect(fleet.lanes.count == 6)
        #expect(fleet.parked.diagnostics(of: lane("stage/web")).count == 1)
        for other in fleet.lanes.keys {
            #expect(fleet.parked.diagnostics(of: other).isEmpty, "\(other)")
        }

        // An environment that went with its name in `order`, and its releases stayed.
        tree = shop
        tree["environments/staging.yaml"] = nil
        tree["fleet.yaml"] = "airlock: 1\nname: shop\norder: [production]\n"
        let decoded = tree.decode()
        fleet = try #require(decoded.fleet)
        #expect(decoded.diagnostics.count == 3 && fleet.parked.units.isEmpty)
        #expect(
            Set(fleet.parked.lanes.keys) == [
                lane("staging/web"), lane("staging/api"), lane("staging/store"),
            ])
        #expect(fleet.parked.diagnostics(of: lane("production/web")).isEmpty)
    }

    @Test("a file that was given the name of no environment takes no lane with it")
    func renamedRelease() throws {
        var decoder = FleetDecoder()
        _ = decoder.apply(shop.delta(), blobs: shop.blobs, commit: nil)
        var tree = shop
        tree["services/web/prodution.yaml"] = tree["services/web/production.yaml"]
        tree["services/web/production.yaml"] = nil
        let decoded = decoder.apply(tree.delta(from: shop), blobs: tree.blobs, commit: nil)
        let parked = try #require(decoded.fleet).parked
        #expect(decoded.diagnostics.count == 1 && !decoded.isNarrow)
        #expect(Set(parked.missing.keys) == [lane("production/web")])
        #expect(
            parked.diagnostics(of: lane("production/web")).map(\.path) == [
                "services/web/prodution.yaml"
            ])
        #expect(parked.diagnostics(of: lane("staging/web")).isEmpty)

        var next = tree
        next["services/web/prodution.yaml"] = nil
        let gone = decoder.apply(next.delta(from: tree), blobs: next.blobs, commit: nil)
        #expect(gone.fleet?.parked == Parked() && !gone.isNarrow)
    }
}
