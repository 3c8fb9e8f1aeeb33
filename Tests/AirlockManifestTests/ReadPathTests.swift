import AirlockManifest
import AirlockModel
import Testing

@Suite("Paths")
struct ReadPathTests {
    @Test("a path is read exactly when it is spelled as its subject spells it")
    func spelling() throws {
        let pieces = [
            "services", "Services", "environments", "fleet.yaml", "fleet.yml", "Fleet.yaml",
            "simulation.yaml", "service.yaml", "service", "production.yaml", "Production.yaml",
            "production.yml", "web", "Web", "we b", "..", ".", "", "-", "a.yaml", ".hidden", "x.md",
            "flags", "identities", "network.yaml", "\u{0}", "é", "yaml", ".yaml", "web.yaml",
        ]
        var random = Seeded(state: 11)
        var read = 0
        for _ in 0..<20_000 {
            let parts = try (0..<Int.random(in: 0...4, using: &random)).map { _ in
                try #require(pieces.randomElement(using: &random))
            }
            let path = parts.joined(separator: "/")
            if case .document(let subject) = ReadPath(path) {
                #expect(subject.path == path)
                read += 1
            }
            for kind in [TreeEntry.Kind.symlink, .submodule] {
                if case .document = ReadPath(path, kind: kind) { Issue.record("\(path) is read") }
            }
        }
        #expect(read > 200)
    }

    @Test(
        "no path leaves the tree",
        arguments: ["services/../fleet.yaml", "/etc/passwd", "services//x.yaml", "../fleet.yaml"])
    func outside(path: String) {
        if case .document = ReadPath(path) { Issue.record("\(path) is read") }
    }

    @Test(
        "a file with a name of its own is not told to be a document",
        arguments: [
            "services/api/extra.txt", "services/README", "services/api/notes/a.yaml",
            "services/api/LICENSE", "environments/README", "environments/old/production.yaml",
        ])
    func notDocuments(path: String) {
        guard case .refused(let problem, _) = ReadPath(path) else {
            Issue.record("accepted")
            return
        }
        #expect(problem.advice?.hasPrefix("remove it, or let its name end with .md: ") == true)
    }

    @Test(
        "a document of another spelling is told its name",
        arguments: [
            ("services/api/Service.yml", "services/api/service.yaml"),
            ("services/api/service.YAML", "services/api/service.yaml"),
            ("services/api.yaml", "services/api/service.yaml"),
            ("Environments/Production.yaml", "environments/production.yaml"),
            ("fleet.yml", "fleet.yaml"),
        ])
    func misspelled(path: String, right: String) {
        guard case .refused(let problem, _) = ReadPath(path) else {
            Issue.record("accepted")
            return
        }
        #expect(problem.advice == "name it \(right)")
    }

    @Test("a fleet.yaml that is there and refused is not told to be missing too")
    func refusedFleet() {
        let files = [
            FleetValidation.File(path: "fleet.yaml", kind: .symlink, bytes: []),
            FleetValidation.File(path: "fleet.yml", bytes: []),
        ]
        for file in files {
            let found = FleetValidation.validate([file])
            #expect(found.fleet == nil)
            #expect(found.diagnostics.map(\.path) == [file.path], "\(found.diagnostics)")
        }
    }

    @Test("an environment cannot be called service")
    func reserved() {
        guard case .refused(let problem, parks: nil) = ReadPath("environments/service.yaml") else {
            Issue.record("accepted")
            return
        }
        #expect(problem.problem.contains("cannot be called `service`"))
    }
}
