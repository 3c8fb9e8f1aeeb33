import AirlockModel
import AirlockTestSupport
import Testing

@Suite("canonical JSON and the digests made of it")
struct CanonicalFormTests {
    private func text(_ value: JSONValue) -> String {
        String(decoding: value.canonicalBytes, as: UTF8.self)
    }

    @Test("keys are sorted by their UTF-8 bytes")
    func keys() {
        let value = JSONValue.object([
            "b": .integer(1), "B": .integer(2), "a": .integer(3), "aa": .integer(4),
            "é": .integer(5), "": .integer(6), "😀": .integer(7), "\u{ffff}": .integer(8),
        ])
        #expect(
            text(value)
                == #"{"":6,"B":2,"a":3,"aa":4,"b":1,"é":5,"\#u{ffff}":8,"😀":7}"#)
    }

    @Test("only what RFC 8259 demands is escaped")
    func escapes() {
        let value = JSONValue.string("\u{0}\u{1f}\n\t\"\\/\u{7f}\u{2028}é😀")
        #expect(
            text(value)
                == "\"\\u0000\\u001f\\u000a\\u0009\\\"\\\\/\u{7f}\u{2028}é😀\"")
    }

    @Test("absent fields are left out, so that a later field changes no old digest")
    func absent() {
        let none: JSONValue? = nil
        #expect(text(.fields(["a": .bool(true), "b": none])) == #"{"a":true}"#)
        #expect(text(.fields([:])) == "{}")
        #expect(text(.array([])) == "[]")
        #expect(
            text(.array([.integer(-1), .bool(false), .array([.string("")])])) == #"[-1,false,[""]]"#
        )
        #expect(text(.integer(.min)) == "-9223372036854775808")
    }

    private let plain = Build.slot("checkout")
    private let full = SlotSpec(
        artifact: Build.artifact("checkout", 2),
        config: [
            "LOG_LEVEL": .plain("info"), "PASSWORD": .secret(Build.secret("db"), version: "2"),
        ],
        template: Template(
            port: 80, health: HealthCheck(path: "/healthz", every: .seconds(5)),
            resources: Resources(milliCPU: 500, memoryBytes: 1 << 28),
            calls: [Build.unit("cart"), Build.unit("auth")], stopGrace: .milliseconds(1_500)))

    // A change of these digests changes every id of every ledger: it needs a new `v`.
    @Test("slot and build ids are those of the first version")
    func slots() {
        #expect(
            plain.id.description
                == "4f67bba83191db54822772b4fe4030a6f13bb81e87f6acb0a86f1b4abc896952")
        #expect(
            full.id.description
                == "7c30677c7739da48715dbb5d040c6c9824f0ed811b1248a5dfd746fd500c1796")
        #expect(
            full.build.description
                == "6a93f9d88cf57c2b6fdaf5ae2f88afeb53f51bc157733b2b8edbfc455c0e5873")
    }

    @Test("change ids are those of the first version")
    func changes() {
        let create = Sample.change(to: plain)
        let replace = Sample.change(to: full, base: Sample.settled(plain))
        let remove = Change(
            lane: Build.lane("production/checkout"), kind: .remove, base: Sample.settled(plain),
            target: .removal, strategy: .allAtOnce(), policy: Sample.policy, commit: nil)
        #expect(
            create.id.description
                == "3ef2aa06c0971e8396f2fd6c362743c319bd52c1ce19125bf7c8aa90fc6b45b3")
        #expect(
            replace.id.description
                == "695e4ab1e2dc95682481624e70063b6a44cb28a0395a66f530197355fb2417db")
        #expect(
            remove.id.description
                == "fa4c8a793493085263caae7c8986cc424ff2613fef88c852bb0feac3bdc47ea0")
    }

    @Test("action keys are those of the first version, one for each action, step and operation")
    func keysOfActions() throws {
        let ledger = try #require(LedgerID("0123456789abcdef0123456789abcdef"))
        let other = try #require(LedgerID("1123456789abcdef0123456789abcdef"))
        let start = ActionKey(
            ledger: ledger, operation: 7, step: 0, action: .start(plain, replicas: 2))
        #expect(
            start.description == "62b526b1ce5bd1eddd1090852b8aa2510e15e85cbbe1195a2f59e6bc89f5adb6")
        let route = ActionKey(
            ledger: ledger, operation: 7, step: 1,
            action: .route([plain.id: 250, full.id: 750]))
        #expect(
            route.description == "dbbbb57a08c7da5abbd2116a12aaaacb0147b0ef987c6b8c43f071d8f7de3490")
        var keys: Set<ActionKey> = []
        for (step, operation, id) in [
            (0, 7, ledger), (1, 7, ledger), (0, 8, ledger), (0, 7, other),
        ] {
            for action in Sample.actions(plain) + Sample.actions(full) where action != .route([:]) {
                keys.insert(
                    ActionKey(ledger: id, operation: operation, step: step, action: action))
            }
        }
        #expect(keys.count == 4 * 8)
    }

    @Test("policy digests are those of the first version")
    func policies() {
        let fleet = Build.fleet([Build.desired("production/checkout")])
        let environment = Environment(name: Build.environment("production"), tier: .production)
        let policy = environment.policy(order: fleet.order, limits: Limits())
        #expect(
            policy.description == "5348ef686453fd36fe91ac259d31a300e65ff90edd12010d50d3d6c7f02ab61a"
        )
        let open = Limits(removals: Limits.Bound(), changing: Limits.Bound(count: 1))
        #expect(
            environment.policy(order: fleet.order, limits: open).description
                == "954e44b2a6620dcee439650a40c03774c0245d200ad552adbc40efb8bf9fea30")
        var calmer = environment
        calmer.tier = .staging
        #expect(calmer.policy(order: fleet.order, limits: Limits()) != policy)
    }

    @Test("a change id ignores commit, cause, version and when the base settled")
    func idsIgnore() {
        let one = Sample.change(to: full, base: Sample.settled(plain), commit: 1)
        let other = Sample.change(to: full, base: Sample.settled(plain, at: 99), commit: 2)
        #expect(one.id == other.id)
        let named = Change(
            lane: one.lane, kind: .replace, base: one.base,
            target: .slot(full, version: "another", replicas: Build.replicas(2)),
            strategy: one.strategy, policy: one.policy, commit: nil, cause: "secret:db@2")
        #expect(named.id == one.id)
    }

    @Test("a change id tells lane, base, target, replicas, strategy and policy apart")
    func idsTell() {
        func id(
            lane: String = "production/checkout", base: SlotSpec? = nil, target: SlotSpec? = nil,
            replicas: Replicas = Build.replicas(2), deadline: Int = 600, policy: String = "policy"
        ) -> ChangeID {
            Change(
                lane: Build.lane(lane), kind: .replace, base: base.map { Sample.settled($0) },
                target: .slot(target ?? full, version: nil, replicas: replicas),
                strategy: .allAtOnce(deadline: .seconds(deadline)),
                policy: PolicyDigest(digest: Digest(of: policy.utf8)), commit: nil
            ).id
        }
        let ids: Set = [
            id(), id(lane: "staging/checkout"), id(lane: "production/flags:checkout"),
            id(base: plain), id(target: plain), id(replicas: Build.replicas(2, 3)),
            id(replicas: Build.replicas(3)), id(deadline: 601), id(policy: "stricter"),
        ]
        #expect(ids.count == 9)
    }

    @Test("a slot id tells config, template and versions of secrets apart, and nothing else")
    func slotIds() {
        let template = Build.template(calls: ["cart", "auth"])
        func id(_ config: [String: ConfigValue], _ template: Template, repository: String = "a")
            -> SlotID?
        {
            let digest = Digest(of: "x".utf8)
            return ArtifactReference("\(repository)@sha256:\(digest)").map {
                SlotSpec(artifact: $0, config: config, template: template).id
            }
        }
        let secret = Build.secret("db")
        let ids = Set([
            id([:], template), id(["A": .plain("")], template), id(["A": .plain("1")], template),
            id(["A": .secret(secret, version: "1")], template),
            id(["A": .secret(secret, version: "2")], template),
            id([:], Build.template()), id([:], Build.template(calls: ["cart"])),
        ])
        #expect(ids.count == 7)
        // The digest is the artifact; where it is fetched from is not what runs.
        #expect(id([:], template, repository: "b") == id([:], template))
        let calls = [Build.unit("cart"), Build.unit("auth")]
        #expect(
            id([:], Template(port: 8080, calls: calls))
                == id([:], Template(port: 8080, calls: calls.reversed())))
    }
}
