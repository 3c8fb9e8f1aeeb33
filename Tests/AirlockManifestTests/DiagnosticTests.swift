import AirlockAnalysis
import AirlockManifest
import AirlockModel
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
    private static let artifact = "artifact: r/a@sha256:\(String(repeating: "a", count: 64))\n"

    @Test("a key that is given twice hides nothing else that is wrong with the file")
    func duplicates() {
        let text = """
            artifact: registry.example/checkout:latest
            version: 1
            "version": 2
            replicas: lots
            config:
              A: x
              A: [1]
              A: y
            confg: {}
            """
        #expect(
            messages(.release, text).map {
                $0.split(separator: " ").prefix(6).joined(separator: " ")
            } == [
                "f:1:11: `registry.example/checkout:latest` is not an artifact",
                "f:2:1: `version` is given more than",
                "f:4:11: `replicas` must be a whole",
                "f:6:3: `A` is given more than",
                "f:7:3: `A` is given more than", "f:7:6: `A` must be a text,",
                "f:9:1: unknown key `confg` in a",
            ])
        let many = (0..<20).map { "k: \($0)\n" }.joined()
        #expect(messages(.release, many).map { $0.contains("more than once") } == [true])
    }

    @Test("every diagnostic of a file comes in one go, with place, reason and right form")
    func allAtOnce() {
        let text = """
            artifact: registry.example/checkout:latest
            version: 1.8
            replicas: lots
            confg: {A: b}
            config:
              1A: x
              B: {secrt: x}
              C:
              D: [1]
            strategy: {allAtOnce: {deadline: 10}}
            rollback: {errorRate: 1%}
            migration: {run: [/app/migrate]}
            """
        #expect(
            messages(.release, text) == [
                "f:1:11: `registry.example/checkout:latest` is not an artifact named by digest: write registry.example/name@sha256:<64 lowercase hexadecimal digits>; a tag can be moved and is refused",
                "f:3:11: `replicas` must be a whole number from 0 to 10000, but is a text: write 12 or {min: 4, max: 20}",
                "f:4:1: unknown key `confg` in a release file: did you mean `config`?",
                "f:6:3: the key `1A` in `config` is not the name of a configuration value: use letters, digits, `_`, `.` and `-`, starting with a letter or `_`",
                "f:7:6: `secret` is missing in `B`: add `secret: checkout-db`",
                "f:7:7: unknown key `secrt` in `B`: did you mean `secret`?",
                "f:8:5: `C` must be a text, but is nothing: write \"\" for an empty text",
                "f:9:6: `D` must be a text, but is a list",
                "f:10:34: `deadline` is the number 10 without a unit: write 10s or 10m",
                "f:11:23: `errorRate` must be a mapping, but is a text: give its keys: above:, for:",
                "f:12:1: this version cannot enforce `migration`: remove it: a rule that is not enforced must not look as if it were",
            ])
    }

    @Test(
        "a number with more digits than are read is told to be too large",
        arguments: [
            "health: {path: /, every: 99999999999d}", "health: {path: /, every: 1h1000000m}",
            "resources: {memory: 1000000Mi}", "resources: {cpu: 1000000}",
        ])
    func tooManyDigits(text: String) {
        let found = messages(.service, "port: 1\n" + text)
        let words = "is too large: a number has at most 6 digits before its unit: write "
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test(
        "a bare number where a unit belongs shows the right form",
        arguments: [
            (ManifestKind.service, "port: 1\nhealth: {path: /, every: 5}", "write 5s or 5m"),
            (.service, "port: 1\nresources: {memory: 256}", "write 256Mi or 256M"),
            (.service, "port: 1\nresources: {cpu: 0.5}", "write 500m for half a core"),
            (.service, "port: 1\nstopGrace: \"20\"", "write 20s or 20m"),
            (
                .fleet, "airlock: 1\nname: a\norder: [a]\nlimits: {removals: {share: 10}}",
                "write 10%"
            ),
            (.simulation, "traffic: {web: 50}", "write 50/s"),
            (
                .simulation,
                "artifacts: {\"sha256:\(String(repeating: "a", count: 64))\": {leak: 3}}",
                "write 3Mi/m"
            ),
        ])
    func units(kind: ManifestKind, text: String, advice: String) {
        let found = messages(kind, text)
        #expect(found.count == 1 && found[0].contains(advice), "\(found)")
    }

    @Test("each reserved key of the format is refused by name")
    func reserved() {
        var refused = 0
        for kind in ManifestKind.allCases {
            for key in kind.record.keys where !key.isEnforced {
                let found = messages(kind, "\(key.name): {}\n")
                #expect(
                    found.contains {
                        $0.hasPrefix("f:1:1: this version cannot enforce `\(key.name)`")
                    })
                refused += 1
            }
        }
        #expect(refused >= 9)
        #expect(
            messages(.environment, "tier: staging\nprovider: {swarm: {}}")[0].contains(
                "cannot enforce"))
    }

    @Test(
        "a canary that cannot be carried out as it is written is refused with the right form",
        arguments: [
            (
                "{canary: {steps: [1%, 5%]}}",
                "f:3:28: the last step is not 100%: add 100% at the end"
            ),
            ("{canary: {steps: [5%, 1%, 100%]}}", "f:3:33: each step has more traffic than"),
            ("{canary: {steps: [0.15%, 100%]}}", "f:3:29: traffic is shared out in steps of 0.1%"),
            ("{canary: {steps: [0%, 100%]}}", "f:3:29: traffic is shared out in steps of 0.1%"),
            ("{canary: {steps: []}}", "f:3:28: `steps` is empty"),
            ("{canary: {falseAlarms: 80%}}", "f:3:34: `falseAlarms` is a chance above zero"),
            ("{canary: {onUndecided: go}}", "`hold`, `promote`, `revert`"),
            ("{canary: {}, allAtOnce: {}}", "f:3:11: `strategy` names more than one way"),
            ("allAtOnce\nrollback: {cpu: {above: 85%}}", "f:4:11: `rollback` bounds the new slot"),
            (
                "{canary: {steps: [100%]}}\nrollback: {cpu: {above: 85%}}",
                "and a canary whose only step is 100% has none"
            ),
            ("canary\nrollback: {cpu: {above: 85}}", "write 85%"),
            ("{blueGreen: {keep: 30}}", "write 30s or 30m"),
            (
                "{blueGreen: {keep: 30s}}\nrollback: {cpu: {above: 85%, for: 30s}}",
                "f:4:11: `cpu` has to be broken for 30s before it acts, and the old slot goes 30s after the switch"
            ),
            ("{blueGreen: {keep: 0s}}\nrollback: {cpu: {above: 85%}}", "write a longer `keep`"),
            ("blueGreen\nrollback: {cpu: {above: 85%, for: 45m}}", "the old slot goes 30m after"),
            (
                "{blueGreen: {keep: 0s, preview: {bounds: [cpu]}}}\nrollback: {cpu: {above: 85%, below: 1%}}",
                "`cpu` has to be broken for 0s before it acts"
            ),
            ("{blueGreen: {}, canary: {}}", "f:3:11: `strategy` names more than one way"),
        ])
    func canaries(strategy: String, expected: String) {
        let found = messages(.release, Self.artifact + "replicas: 1\nstrategy: \(strategy)\n")
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test("a canary is read with its steps, times and bounds, and left out means the defaults")
    func canary() throws {
        func strategy(_ text: String) throws -> Strategy? {
            let (value, problems) = DecodedDocument.read(
                Array((Self.artifact + "replicas: 1\nstrategy: \(text)\n").utf8), as: .release)
            #expect(problems.isEmpty, "\(problems)")
            guard case .release(let release)? = value else { return nil }
            return release.strategy
        }
        #expect(try strategy("canary") == .canary(CanaryPlan()))
        #expect(try strategy("blueGreen") == .blueGreen(BlueGreenPlan()))
        #expect(
            try strategy(
                "{blueGreen: {keep: 0s, preview: {bounds: [cpu]}}}\nrollback: {cpu: {above: 85%}}")
                != nil, "the preview holds the idle slot to it")
        let switched = BlueGreenPlan(keep: .zero, deadline: .seconds(60))
        #expect(
            try strategy("{blueGreen: {keep: 0s, deadline: 1m}}") == .blueGreen(switched))
        #expect(try strategy("{canary: {}}") == .canary(CanaryPlan()))
        let bounds =
            "rollback: {memory: {above: 1Ki, for: 1m}, errorRate: {above: 2%}, "
            + "latencyP99: {above: 400ms, for: 30s}, cpu: {above: 85%, for: 5m}}"
        let plan = CanaryPlan(
            steps: [1, 500, 1000], hold: .seconds(90), decideWithin: .seconds(7200),
            onUndecided: .revert, deadline: .seconds(30), falseAlarms: Chance(millionths: 5_000),
            limits: [
                (HardLimit.Known.errorRate, 20_000, 0), (.latencyP99, 400_000, 30),
                (.cpu, 850_000, 300), (.memory, 1_024_000_000, 60),
            ].map { known, threshold, seconds in
                HardLimit(
                    signal: known.name, side: .above,
                    threshold: SignalValue(millionths: threshold), duration: .seconds(seconds))
            })
        let text =
            "{canary: {steps: [0.1%, 50%, 100%], hold: 90s, decideWithin: 2h, onUndecided: revert, "
            + "deadline: 30s, falseAlarms: 0.5%}}\n\(bounds)"
        #expect(try strategy(text) == .canary(plan))
    }

    @Test("a number that is none is told by the value that the format shows")
    func numbers() {
        #expect(messages(.service, "port: http")[0].hasSuffix("but is a text: write 8080"))
        #expect(
            messages(.release, Self.artifact + "replicas: {min: few, max: 4}")[0].hasSuffix(
                "but is a text: write 4"))
        #expect(
            messages(.release, Self.artifact + "replicas: \"3\"")[0].hasSuffix(
                "write it without quotes"))
    }

    @Test("one problem in one file is told as one")
    func singular() {
        func found(_ paths: String...) -> String {
            FleetValidation.summary(
                of: paths.map { Diagnostic(path: $0, problem: "it is bad", advice: nil) })
        }
        #expect(found("a") == "1 problem in 1 file")
        #expect(found("a", "a") == "2 problems in 1 file")
        #expect(found("a", "b") == "2 problems in 2 files")
    }

    @Test("a text that YAML reads as a number or a boolean is asked for in quotes")
    func quotes() {
        #expect(
            messages(.fleet, "airlock: 1\nname: 123\norder: [true]") == [
                "f:2:7: `name` must be a fleet name, but is a number: put it in quotes: \"123\"",
                "f:3:9: an entry of `order` must be an environment name, but is a boolean: put it in quotes: \"true\"",
            ])
        #expect(messages(.service, "port: \"8080\"")[0].contains("write it without quotes"))
    }

    @Test("bounds that cross, repeated names and a newer format are refused")
    func values() {
        #expect(
            messages(.release, Self.artifact + "replicas: {min: 5, max: 2}") == [
                "f:2:11: `min` is 5 and above `max`, which is 2: write {min: 2, max: 5}"
            ])
        #expect(
            messages(.fleet, "airlock: 1\nname: a\norder: [a, b, a]")[0].contains(
                "`a` stands twice"))
        #expect(
            messages(.fleet, "airlock: 2\nname: a\norder: [a]")[0].contains("must be 1, but is 2"))
        #expect(messages(.environment, "tier: prodution")[0].contains("did you mean `production`?"))
        #expect(messages(.fleet, "[1]")[0].contains("must be a mapping"))
        #expect(messages(.fleet, "airlock: 1\nname: a\norder: []")[0].contains("is empty"))
    }

    @Test("diagnostics of one file are bounded")
    func bounded() {
        let text = (0..<5_000).map { "k\($0): 1\n" }.joined()
        let found = messages(.release, text)
        #expect((1...ManifestLimits.diagnosticsPerFile + 10).contains(found.count))
    }

    @Test("a release is read with its exact spellings, secrets and strategy")
    func release() throws {
        let text =
            Self.artifact + """
                version: 1.80
                replicas: {min: 4, max: 20}
                config: {A: info, B: 007, C: true, D: "", E: {secret: db}}
                strategy: {allAtOnce: {deadline: 90s}}
                """
        guard
            case .release(let release) = DecodedDocument.read(Array(text.utf8), as: .release).value
        else { return #expect(Bool(false), "not a release") }
        #expect(release.version == "1.80")
        #expect(release.replicas == Replicas(minimum: 4, maximum: 20))
        let secret = try #require(SecretName("db"))
        #expect(
            release.config == [
                "A": .plain("info"), "B": .plain("007"), "C": .plain("true"), "D": .plain(""),
                "E": .secret(secret),
            ])
        #expect(release.strategy == .allAtOnce(deadline: .seconds(90)))
        for strategy in ["", "strategy: allAtOnce\n", "strategy: {allAtOnce: {}}\n"] {
            let plain = Self.artifact + "replicas: 12\n" + strategy
            guard
                case .release(let value) = DecodedDocument.read(Array(plain.utf8), as: .release)
                    .value
            else { return #expect(Bool(false), "\(messages(.release, plain))") }
            #expect(value.strategy == .allAtOnce(deadline: .seconds(600)))
            #expect(value.replicas == Replicas(12))
        }
    }

    @Test("a simulation is read with all its behaviours")
    func simulation() throws {
        let digest = String(repeating: "a", count: 64)
        let text = """
            artifacts:
              "sha256:\(digest)":
                {startup: never, errorRate: 0.5%, latencyP99: 120ms, cpu: 40%, memory: 96Mi, leak: 10Mi/m, crash: {after: 2m}, poison: {after: 5m, errorRate: 40%}}
            traffic: {checkout: 50/s}
            secrets: {db: 1.10}
            """
        guard
            case .simulation(let spec) = DecodedDocument.read(Array(text.utf8), as: .simulation)
                .value
        else { return #expect(Bool(false), "\(messages(.simulation, text))") }
        let key = try #require(Digest(digest))
        #expect(
            spec.artifacts[key]
                == ArtifactBehaviour(
                    startup: nil, errorRate: Share(basisPoints: 50), latencyP99: .milliseconds(120),
                    cpu: Share(basisPoints: 4_000), memoryBytes: 96 << 20,
                    leakBytesPerMinute: 10 << 20,
                    crashAfter: .seconds(120), poisonAfter: .seconds(300),
                    poisonErrorRate: Share(basisPoints: 4_000)))
        #expect(spec.traffic.values.first == 50_000)
        #expect(spec.secrets.values.first == "1.10")
    }
}
