import AirlockManifest
import AirlockModel
import Testing

@Suite("the test job of a service") struct VerifyReaderTests {
    private func decode(_ service: String, simulation: String = "") -> DecodedFleet {
        let digest = String(repeating: "a", count: 64)
        let files = [
            "fleet.yaml": "airlock: 1\nname: shop\norder: [testing]\n",
            "environments/testing.yaml": "tier: testing\n",
            "services/api/service.yaml": "port: 80\n\(service)\n",
            "services/api/testing.yaml": "artifact: r/a@sha256:\(digest)\nreplicas: 1\n",
            "simulation.yaml":
                "artifacts: {\"sha256:\(digest)\": {startup: 1s\(simulation)}}\n",
        ]
        return FleetValidation.decode(
            files.map { FleetValidation.File(path: $0.key, bytes: Array($0.value.utf8)) })
    }

    private func lane(_ service: String) throws -> DesiredLane {
        let decoded = decode(service)
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        return try #require(decoded.fleet?.lanes.values.first { _ in true })
    }

    @Test("words are read as they are spelled, and may repeat; the time is 10m unless it is said")
    func read() throws {
        #expect(
            try lane("verify: {run: [/app/selftest, -v, -v, 1.10]}").verify
                == VerifyJob(run: ["/app/selftest", "-v", "-v", "1.10"], timeout: .seconds(600)))
        #expect(
            try lane("verify: {run: [/app/selftest], timeout: 1m30s}").verify?.timeout
                == .seconds(90))
    }

    @Test("a job changes no slot and no build")
    func digests() throws {
        let (plain, tested) = (try lane(""), try lane("verify: {run: [/app/selftest]}"))
        #expect(plain.verify == nil)
        #expect(plain.build == tested.build)
        #expect(plain.slot(secrets: [:])?.id == tested.slot(secrets: [:])?.id)
    }

    @Test(
        "what cannot be is refused with its place and the right form",
        arguments: [
            ("{run: /app/selftest -v}", "2:15", "write [/app/selftest, -v]"),
            ("{run: []}", "2:15", "`run` is empty"),
            ("{run: [\"\"]}", "2:16", "the program of `run` is empty"),
            ("{run: [{a: b}]}", "2:16", "must be a text"),
            ("{timeout: 1m}", "2:9", "add `run: [/app/selftest]`"),
            ("{run: [a], timeout: 0s}", "2:29", "not a duration above zero"),
            ("{run: [a], timeout: 10}", "2:29", "write 10s or 10m"),
            ("{run: [a], timout: 1m}", "2:20", "did you mean `timeout`?"),
            ("/app/selftest", "2:9", "give its keys: run:, timeout:"),
        ])
    func refused(verify: String, place: String, advice: String) throws {
        let found = decode("verify: \(verify)").diagnostics
        let first = try #require(found.first, "\(verify)")
        #expect(found.count == 1, "\(found)")
        #expect(first.description.hasPrefix("services/api/service.yaml:\(place): "), "\(first)")
        #expect(first.description.contains(advice), "\(first)")
    }

    @Test("the simulator is told how long a job takes and how it ends")
    func simulation() throws {
        func behaviour(_ verify: String) throws -> VerifyBehaviour? {
            let decoded = decode("", simulation: verify)
            #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
            return try #require(decoded.simulation?.artifacts.values.first).verify
        }
        #expect(try behaviour("") == nil)
        #expect(
            try behaviour(", verify: {takes: 5s, outcome: failed}")
                == VerifyBehaviour(takes: .seconds(5), outcome: .failed))
        #expect(
            try behaviour(", verify: {outcome: never}") == VerifyBehaviour(outcome: .never))
        let wrong = decode("", simulation: ", verify: {outcome: fails}").diagnostics
        let advice = wrong.first?.advice
        #expect(advice == "write passed or failed or never", "\(wrong)")
    }
}
