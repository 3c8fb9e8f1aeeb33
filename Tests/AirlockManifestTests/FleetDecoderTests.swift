import AirlockManifest
import AirlockModel
import Testing

@Suite("Fleets")
struct FleetDecoderTests {
    private let shop = MemoryTree.shop

    private func commit(_ digit: Character) -> CommitID? {
        CommitID(String(repeating: digit, count: 40))
    }

    @Test("a good tree gives a fleet without a diagnostic")
    func good() throws {
        let decoded = shop.decode()
        let fleet = try #require(decoded.fleet)
        #expect(decoded.diagnostics.isEmpty)
        #expect(fleet.lanes.count == 6 && decoded.touched.count == 6)
        #expect(fleet.order.map(\.description) == ["staging", "production"])
        #expect(fleet.serviceFileCount == 9)
        #expect(decoded.simulation?.traffic.count == 1)
        let web = try #require(fleet.lanes[lane("production/web")])
        #expect(web.owner == "team-web" && web.template.port == 8080)
        #expect(
            Set(web.readSet.keys) == [
                "environments/production.yaml", "services/web/service.yaml",
                "services/web/production.yaml",
            ])
        #expect(
            web.readSet["environments/production.yaml"] == MemoryTree.object("tier: production\n"))
    }

    @Test("work is proportional to the change")
    func proportional() throws {
        var decoder = FleetDecoder()
        _ = decoder.apply(shop.delta(), blobs: shop.blobs, commit: commit("1"))
        var next = shop
        next["services/web/staging.yaml"] = MemoryTree.release("web", 2)
        let delta = next.delta(from: shop)
        #expect(decoder.wanted(delta) == [MemoryTree.object(MemoryTree.release("web", 2))])
        let branch = decoder
        let decoded = decoder.apply(
            delta, blobs: next.blobs, commit: commit("2"),
            causes: try causes([("3", "services/web/staging.yaml")]))
        #expect(decoded.touched == [lane("staging/web")])
        #expect(decoded.counts.documentsDecoded == 1 && decoded.counts.lanesAssembled == 1)
        #expect(decoded.fleet?.lanes[lane("staging/web")]?.cause == commit("3"))
        #expect(decoded.fleet?.lanes[lane("production/web")]?.cause == commit("1"))

        var again = branch
        let nothing = again.apply(TreeDelta(changes: []), blobs: [:], commit: commit("4"))
        #expect(nothing.touched.isEmpty && nothing.counts == DecodeCounts())
        #expect(
            nothing.fleet?.lanes[lane("staging/web")]?.cause == commit("1"),
            "a copy goes its own way")
    }

    @Test("the bytes of the files in use are counted, each content once")
    func bytesInUse() {
        var decoder = FleetDecoder()
        _ = decoder.apply(shop.delta(), blobs: shop.blobs, commit: commit("1"))
        let all = decoder.bytes
        var next = shop
        next["services/web/service.yaml"] = (shop["services/web/service.yaml"] ?? "") + "# more\n"
        _ = decoder.apply(next.delta(from: shop), blobs: next.blobs, commit: commit("2"))
        #expect(decoder.bytes == all + 7)
        _ = decoder.apply(shop.delta(from: next), blobs: shop.blobs, commit: commit("3"))
        #expect(decoder.bytes == all)
    }

    @Test("what no file holds any more is forgotten, what one still holds is not read again")
    func pruning() {
        var decoder = FleetDecoder()
        _ = decoder.apply(shop.delta(), blobs: shop.blobs, commit: nil)
        let first = MemoryTree.object(MemoryTree.release("web"))
        var tree = shop
        for (path, wanted) in [
            ("services/web/staging.yaml", []), ("services/web/production.yaml", [first]),
        ] {
            let before = tree
            tree[path] = MemoryTree.release("web", 2)
            _ = decoder.apply(tree.delta(from: before), blobs: tree.blobs, commit: nil)
            #expect(decoder.wanted(shop.delta(from: tree)) == wanted)
        }
    }

    @Test("a description touches the lanes of its service, an environment its own, the fleet none")
    func closure() {
        var decoder = FleetDecoder()
        _ = decoder.apply(shop.delta(), blobs: shop.blobs, commit: nil)
        let edits: [(String, String, Set<LaneID>)] = [
            (
                "services/api/service.yaml", "port: 9\n",
                [lane("staging/api"), lane("production/api")]
            ),
            (
                "environments/staging.yaml", "tier: testing\n",
                [lane("staging/api"), lane("staging/web"), lane("staging/store")]
            ),
            (
                "fleet.yaml",
                "airlock: 1\nname: shop\norder: [staging, production]\nlimits: {changing: {count: 1}}\n",
                []
            ),
            ("simulation.yaml", "secrets: {}\n", []),
        ]
        var tree = shop
        for (path, contents, touched) in edits {
            let before = tree
            tree[path] = contents
            let decoded = decoder.apply(tree.delta(from: before), blobs: tree.blobs, commit: nil)
            #expect(decoded.touched == touched, "\(path)")
            #expect(decoded.counts.documentsDecoded == 1)
            #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        }
    }

    @Test("one bad file parks its own lanes and no others")
    func parking() throws {
        var tree = shop
        tree["services/web/production.yaml"] = "artifact: latest\n"
        tree["services/api/service.yaml"] = "port: none\n"
        var fleet = try #require(tree.decode().fleet)
        #expect(Set(fleet.parked.lanes.keys) == [lane("production/web")])
        #expect(fleet.parked.units.keys.map(\.description) == ["api"])
        #expect(fleet.parked.diagnostics(of: lane("staging/web")).isEmpty)
        #expect(fleet.parked.diagnostics(of: lane("production/api")).count == 1)
        #expect(
            Set(fleet.lanes.keys) == [
                lane("staging/web"), lane("staging/store"), lane("production/store"),
            ])

        tree = shop
        tree["environments/production.yaml"] = "tier: high\n"
        fleet = try #require(tree.decode().fleet)
        #expect(fleet.parked.environments.keys.map(\.description) == ["production"])
        #expect(fleet.lanes.count == 3 && fleet.parked.lanes.isEmpty && fleet.parked.units.isEmpty)
    }

    @Test("a fleet.yaml that cannot be read refuses the commit, and what it touched is not lost")
    func refused() throws {
        var decoder = FleetDecoder()
        _ = decoder.apply(shop.delta(), blobs: shop.blobs, commit: nil)
        var bad = shop
        bad["fleet.yaml"] = "airlock: 1\nname: shop\n"
        bad["services/web/staging.yaml"] = MemoryTree.release("web", 2)
        let refused = decoder.apply(bad.delta(from: shop), blobs: bad.blobs, commit: nil)
        #expect(refused.fleet == nil && refused.touched == [lane("staging/web")])
        #expect(
            refused.diagnostics.map(\.description) == [
                "fleet.yaml:1:1: `order` is missing in a fleet file: add `order: [development, testing, staging, production]`"
            ])
        var good = bad
        good["fleet.yaml"] = shop["fleet.yaml"]
        let mended = decoder.apply(good.delta(from: bad), blobs: good.blobs, commit: nil)
        #expect(mended.fleet != nil && mended.touched == [lane("staging/web")])
        var gone = good
        gone["fleet.yaml"] = nil
        let missing = decoder.apply(gone.delta(from: good), blobs: gone.blobs, commit: nil)
        #expect(
            missing.fleet == nil && missing.diagnostics.first?.problem.contains("missing") == true)
        #expect(missing.touched.isEmpty)
    }

    @Test(
        "files that do not fit each other park what they describe",
        arguments: [
            (
                "services/web/prodution.yaml", MemoryTree.release("web"), "l:prodution/web",
                "services/web/prodution.yaml: the fleet has no environment `prodution`: did you mean `production`?"
            ),
            (
                "services/web/service.yaml", "port: 1\ncalls: [apy]\n", "u:web",
                "services/web/service.yaml:2:9: the fleet has no service `apy`: did you mean `api`?"
            ),
            (
                "services/new/staging.yaml", MemoryTree.release("new"), "u:new",
                "services/new/service.yaml: the service has releases and no description: write services/new/service.yaml; `airlock schema service` shows its form"
            ),
            (
                "fleet.yaml", "airlock: 1\nname: shop\norder: [staging, production, produktion]\n",
                "e:produktion",
                "fleet.yaml:3:30: `order` names `produktion`, and there is no environments/produktion.yaml: did you mean `production`? Or add the file"
            ),
            (
                "fleet.yaml", "airlock: 1\nname: shop\norder: [production, staging]\n", "e:staging",
                "fleet.yaml:3:21: `staging` (staging) stands after `production` (production): order environments from development to production"
            ),
            (
                "environments/qa.yaml", "tier: testing\n", "e:qa",
                "fleet.yaml:3:18: `order` does not name the environment `qa`: add it where it belongs, or delete environments/qa.yaml"
            ),
            (
                "services/Web/service.yaml", "port: 1\n", "u:web",
                "services/Web/service.yaml: this path is not part of the format: name it services/web/service.yaml"
            ),
            (
                "services/web/production.yml", "x", "l:production/web",
                "services/web/production.yml: this path is not part of the format: name it services/web/production.yaml"
            ),
            (
                "services/web/a/b.yaml", "x", "u:web",
                "services/web/a/b.yaml: this path is not part of the format: remove it, or let its name end with .md: the paths of a service are services/SERVICE/service.yaml and services/SERVICE/ENVIRONMENT.yaml"
            ),
        ])
    func crossFile(path: String, contents: String, parked: String, message: String) throws {
        var tree = shop
        tree[path] = contents
        let decoded = tree.decode()
        #expect(decoded.diagnostics.map(\.description) == [message])
        let found = try #require(decoded.fleet).parked
        let names =
            found.environments.keys.map { "e:\($0)" } + found.units.keys.map { "u:\($0)" }
            + found.lanes.keys.map { "l:\($0)" }
        #expect(names == [parked])
    }

    @Test(
        "what this version cannot enforce is never silently accepted",
        arguments: [
            "network.yaml", "identities/people.yaml", "flags/web/flags.yaml", "experiments/a.yaml",
            "datasets/c/dataset.yaml",
        ])
    func later(path: String) {
        var tree = shop
        tree[path] = "a: 1\n"
        let decoded = tree.decode()
        #expect(decoded.fleet?.parked == Parked())
        #expect(
            decoded.diagnostics.count == 1
                && decoded.diagnostics[0].problem.contains("this version cannot enforce"))
    }

    @Test("notes and hidden files are ignored")
    func ignored() {
        var tree = shop
        for path in [
            "README.md", "services/README.md", "services/web/notes.md", "environments/.gitkeep",
            "Makefile", "charts/x.yaml",
        ] {
            tree[path] = "{{"
        }
        let decoded = tree.decode()
        #expect(decoded.diagnostics.isEmpty && decoded.fleet?.serviceFileCount == 9)
    }

    @Test(
        "links and submodules are refused by name and park what they would have described",
        arguments: [
            ("services/web/production.yaml", TreeEntry.Kind.symlink, "production/web"),
            ("services/web", .submodule, "production/web"),
            ("services/web", .symlink, "staging/web"),
            ("environments/production.yaml", .symlink, "production/store"),
            ("services/web/service.yaml", .symlink, "staging/web"),
        ])
    func links(path: String, kind: TreeEntry.Kind, parked: String) throws {
        var tree = shop
        for other in tree.entries.keys where other.hasPrefix(path + "/") { tree[other] = nil }
        tree.entries[path] = MemoryTree.Entry(kind: kind, contents: "../../etc/passwd")
        if kind == .submodule || path == "services/web" {
            tree["services/api/service.yaml"] = "port: 1\n"
        }
        let decoded = tree.decode()
        let fleet = try #require(decoded.fleet)
        #expect(fleet.lanes[lane(parked)] == nil)
        #expect(fleet.parked.diagnostics(of: lane(parked)).contains { $0.path == path })
        #expect(decoded.diagnostics.allSatisfy { $0.path == path }, "\(decoded.diagnostics)")
        tree.entries["fleet.yaml"]?.kind = .symlink
        #expect(tree.decode().fleet == nil)
    }

    @Test("a broken simulation is a diagnostic and no simulation")
    func simulation() {
        var tree = shop
        tree["simulation.yaml"] = "traffic: {web: 5}\n"
        let decoded = tree.decode()
        #expect(
            decoded.simulation == nil && decoded.fleet?.parked == Parked()
                && decoded.diagnostics.count == 1)
        tree["simulation.yaml"] = nil
        #expect(tree.decode().simulation == SimulationSpec() && tree.decode().diagnostics.isEmpty)
    }

    @Test("a blob that could not be had parks its lanes, is asked for again, and then is read")
    func missingBlob() throws {
        var blobs = shop.blobs
        let object = MemoryTree.object(MemoryTree.release("web"))
        blobs[object] = nil
        var decoder = FleetDecoder()
        let first = decoder.apply(shop.delta(), blobs: blobs, commit: nil)
        #expect(first.fleet?.parked.lanes.count == 2 && first.fleet?.lanes.count == 4)
        let empty = TreeDelta(changes: [])
        #expect(decoder.wanted(empty) == [object])
        let second = decoder.apply(empty, blobs: shop.blobs, commit: nil)
        #expect(second.touched == [lane("staging/web"), lane("production/web")])
        #expect(second.diagnostics.isEmpty && second.fleet == shop.decode().fleet)
        #expect(decoder.wanted(empty).isEmpty)
    }

    @Test("documents may be read elsewhere, at the same time and in any order")
    func fanOut() async throws {
        var decoder = FleetDecoder()
        let blobs = shop.blobs
        let wanted = decoder.wantedDocuments(shop.delta())
        let read = await withTaskGroup(of: DecodedDocument?.self) { group in
            for document in wanted {
                group.addTask {
                    blobs[document.key.object].map { DecodedDocument(document.key, bytes: $0) }
                }
            }
            return await group.reduce(into: []) { list, document in document.map { list.append($0) }
            }
        }
        let decoded = decoder.apply(shop.delta(), documents: read.reversed(), commit: nil)
        #expect(decoded.fleet == shop.decode().fleet && decoded.diagnostics.isEmpty)
        #expect(decoded.counts.documentsDecoded == wanted.count)
    }

    @Test("many services that call one that is gone are answered without searching each time")
    func manyCallers() {
        var tree = shop
        for number in 0..<400 {
            tree["services/s\(number)/service.yaml"] = "port: 1\ncalls: [gone-service]\n"
        }
        let decoded = tree.decode()
        #expect(decoded.fleet?.parked.units.count == 400)
    }

    @Test("a service that is refused is still one that others may call")
    func refusedCallee() {
        var tree = shop
        for path in tree.entries.keys where path.hasPrefix("services/api/") { tree[path] = nil }
        tree.entries["services/api"] = MemoryTree.Entry(kind: .submodule, contents: "x")
        let decoded = tree.decode()
        #expect(decoded.diagnostics.map(\.path) == ["services/api"])
        #expect(decoded.fleet?.lanes[lane("production/web")] != nil)
    }

    @Test("a lost services folder leaves a fleet with no service files, for the planner to refuse")
    func lostServices() {
        var tree = shop
        for path in tree.entries.keys where path.hasPrefix("services/") { tree[path] = nil }
        let fleet = tree.decode().fleet
        #expect(fleet?.serviceFileCount == 0 && fleet?.lanes.isEmpty == true)
        tree.entries["services"] = MemoryTree.Entry(kind: .symlink, contents: "elsewhere")
        let linked = tree.decode()
        #expect(linked.fleet?.serviceFileCount == 0)
        #expect(linked.diagnostics.map(\.path) == ["services"])
    }

    @Test("a case clash parks the service that both folders would describe")
    func caseClash() {
        var tree = shop
        tree["services/API/service.yaml"] = "port: 1\n"
        tree["services/API/staging.yaml"] = MemoryTree.release("api")
        let fleet = tree.decode().fleet
        #expect(fleet?.parked.diagnostics(of: lane("production/api")).count == 1)
        #expect(fleet?.parked.diagnostics(of: lane("staging/api")).count == 2)
        #expect(fleet?.parked.diagnostics(of: lane("staging/web")).isEmpty == true)
    }

    /// The commits of a line, each with the path that it changed.
    private func causes(_ line: [(Character, String)]) throws -> Causes {
        var causes = Causes()
        for (digit, path) in line { causes.add(try #require(commit(digit)), changing: [path]) }
        return causes
    }

    @Test("the cause of a lane is the last commit that moved one of its files")
    func causes() throws {
        var decoder = FleetDecoder()
        _ = decoder.apply(shop.delta(), blobs: shop.blobs, commit: commit("1"))
        var next = shop
        next["services/web/service.yaml"] = "port: 9\n"
        next["services/web/staging.yaml"] = MemoryTree.release("web", 2)
        let decoded = decoder.apply(
            next.delta(from: shop), blobs: next.blobs, commit: commit("4"),
            causes: try causes([
                ("5", "services/web/staging.yaml"), ("2", "services/web/service.yaml"),
            ]))
        let lanes = try #require(decoded.fleet).lanes
        #expect(lanes[lane("staging/web")]?.cause == commit("2"))
        #expect(lanes[lane("production/web")]?.cause == commit("2"))
        #expect(lanes[lane("production/api")]?.cause == commit("1"))
    }

    @Test("a folder with too many files is refused by its count")
    func tooMany() {
        let file = FleetValidation.File(path: "fleet.yaml", bytes: [])
        let files = Array(repeating: file, count: ManifestLimits.files + 1)
        let found = FleetValidation.validate(files)
        #expect(found.fleet == nil && found.diagnostics.count == 1)
    }
}
