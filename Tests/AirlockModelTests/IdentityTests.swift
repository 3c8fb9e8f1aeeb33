import AirlockModel
import Testing

@Suite("identities are refused unless they are complete")
struct IdentityTests {
    private static let hex40 = "0123456789abcdef0123456789abcdef01234567"
    private static let hex64 = hex40 + "0123456789abcdef01234567"

    @Test("a commit or object id is 40 lowercase hexadecimal digits")
    func commits() {
        #expect(CommitID(Self.hex40)?.description == Self.hex40)
        #expect(CommitID(Self.hex40)?.short == "0123456789")
        #expect(ObjectID(Self.hex40) != nil)
        let wrong = [
            "", "main", String(Self.hex40.dropLast()), Self.hex40 + "0", Self.hex40.uppercased(),
            "g" + Self.hex40.dropFirst(), " " + Self.hex40.dropFirst(), Self.hex64,
            "é" + Self.hex40.dropFirst(2), "٠" + Self.hex40.dropFirst(2),
        ]
        for text in wrong {
            #expect(CommitID(text) == nil, "\(text)")
            #expect(ObjectID(text) == nil, "\(text)")
        }
    }

    @Test("a digest is 64 lowercase hexadecimal digits without a prefix")
    func digests() {
        #expect(Digest(Self.hex64)?.short == "0123456789ab")
        #expect(SlotID(Self.hex64)?.description == Self.hex64)
        for text in ["", Self.hex40, "sha256:" + Self.hex64, Self.hex64.uppercased()] {
            #expect(Digest(text) == nil, "\(text)")
            #expect(ChangeID(text) == nil, "\(text)")
        }
        // FIPS 180-4, the digest of nothing and of "abc".
        #expect(
            Digest(of: [UInt8]()).description
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            Digest(of: "abc".utf8).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(
        "an artifact has a repository and a whole digest",
        arguments: [
            "checkout", "registry.example/checkout", "registry.example:5000/team/checkout",
            "localhost:5000/x", "Registry.Example/checkout", "my_org/my-app.v2", "a__b/c--d",
            "10.0.0.1:65535/x",
        ])
    func artifacts(repository: String) {
        let text = "\(repository)@sha256:\(Self.hex64)"
        let artifact = ArtifactReference(text)
        #expect(artifact?.repository == repository)
        #expect(artifact?.description == text)
        #expect(artifact?.short == "\(repository)@0123456789ab")
    }

    @Test(
        "a tag, a short digest, another algorithm or an odd repository is no artifact",
        arguments: [
            "registry.example/checkout:1.8.0", "registry.example/checkout",
            "registry.example/checkout:latest@sha256:\(hex64)", "checkout:1@sha256:\(hex64)",
            "registry.example/checkout@sha256:\(hex40)", "registry.example/checkout@sha256:",
            "registry.example/checkout@sha512:\(hex64)", "@sha256:\(hex64)",
            "/checkout@sha256:\(hex64)", "registry.example//checkout@sha256:\(hex64)",
            "registry.example/checkout/@sha256:\(hex64)",
            "registry.example/Checkout@sha256:\(hex64)",
            "registry:port/checkout@sha256:\(hex64)", "registry:/checkout@sha256:\(hex64)",
            "registry:1:2/checkout@sha256:\(hex64)", "registry:123456/checkout@sha256:\(hex64)",
            "-registry/checkout@sha256:\(hex64)", "registry.example/a..b@sha256:\(hex64)",
            "registry.example/-a@sha256:\(hex64)", "registry.example/a_@sha256:\(hex64)",
            "registry.example/a b@sha256:\(hex64)", "registry.example/é@sha256:\(hex64)",
            "a@sha256:\(hex64)@sha256:\(hex64)", "a@sha256:\(hex64) ",
        ])
    func oddArtifacts(text: String) {
        #expect(ArtifactReference(text) == nil)
    }

    @Test("a repository of more than 255 bytes is no artifact")
    func longArtifact() {
        let digest = "@sha256:\(Self.hex64)"
        #expect(ArtifactReference(String(repeating: "a", count: 255) + digest) != nil)
        #expect(ArtifactReference(String(repeating: "a", count: 256) + digest) == nil)
    }

    @Test("a name is an RFC 1123 label")
    func names() {
        for text in ["a", "0", "a-b", "production", String(repeating: "a", count: 63)] {
            #expect(UnitName(text)?.description == text)
            #expect(EnvironmentName(text) != nil)
            #expect(FleetName(text) != nil)
            #expect(SecretName(text) != nil)
        }
        let wrong = [
            "", "-a", "a-", "A", "a_b", "a.b", "a/b", "a b", "é", "..",
            String(repeating: "a", count: 64), "a\n",
        ]
        for text in wrong { #expect(UnitName(text) == nil, "\(text)") }
    }

    @Test("a lane is an environment and a unit, whose kind is part of it")
    func lanes() {
        let service = LaneID("production/checkout")
        let flags = LaneID("production/flags:checkout")
        let data = LaneID("production/data:checkout")
        #expect(service?.unit.kind == .service)
        #expect(flags?.unit.kind == .flagSet)
        #expect(data?.unit.kind == .dataset)
        #expect(flags?.unit.name == service?.unit.name)
        #expect(Set([service, flags, data]).count == 3)
        #expect(flags?.description == "production/flags:checkout")
        let wrong = [
            "", "/", "production", "production/", "/checkout", "production/checkout/x",
            "production/service:checkout", "production/flags:", "production/flags:data:x",
            "production/Flags:x", "Production/checkout", "flags:production/checkout",
            "production/flags:\u{308}x",
        ]
        for text in wrong { #expect(LaneID(text) == nil, "\(text)") }
    }

    @Test("lanes sort by environment and then by unit")
    func laneOrder() {
        let texts = ["b/a", "a-b/a", "a/b", "a/data:b", "a/flags:a"]
        let lanes = texts.compactMap(LaneID.init).sorted().map(\.description)
        #expect(lanes == ["a/b", "a/data:b", "a/flags:a", "a-b/a", "b/a"])
    }

    @Test(
        "a branch name is what git check-ref-format --branch accepts",
        arguments: [
            "main", "team/new-checkout", "a", "fix_#123", "renovate/foo@1.x", "v1.2", "a./b",
            "feature/a=b,c", "x@", "a-", "head", String(repeating: "a", count: 200),
        ])
    func branches(text: String) {
        #expect(BranchName(text)?.description == text)
    }

    @Test(
        "what git refuses is no branch name",
        arguments: [
            "", "@", "HEAD", "-a", "/a", "a/", "a//b", ".a", "a/.b", "a..b", "a.", "a.lock",
            "a.lock/b", "a@{b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a\u{7f}",
            "a\nb", "a\u{202e}b", "refs/heads/:x", String(repeating: "a", count: 201),
        ])
    func oddBranches(text: String) {
        #expect(BranchName(text) == nil)
    }

    @Test("a ledger id is 128 bits in lowercase hexadecimal")
    func ledgers() {
        #expect(LedgerID("0123456789abcdef0123456789abcdef") != nil)
        #expect(LedgerID("0123456789ABCDEF0123456789abcdef") == nil)
        #expect(LedgerID("0123") == nil)
    }

    @Test("a freeze is of an environment or of a lane")
    func scopes() throws {
        let environment = try #require(Freeze.Scope("production"))
        let lane = try #require(Freeze.Scope("production/checkout"))
        let checkout = try #require(LaneID("production/checkout"))
        let cart = try #require(LaneID("production/cart"))
        #expect(environment.covers(checkout) && environment.covers(cart))
        #expect(lane.covers(checkout) && !lane.covers(cart))
        #expect(Freeze.Scope("production/checkout/x") == nil)
        #expect(environment.description == "production")
        #expect(lane.description == "production/checkout")
    }

    @Test("hexadecimal digits are read back, and only lowercase ones")
    func hex() {
        let bytes: [UInt8] = [0, 1, 0x0f, 0x10, 0xab, 0xff]
        #expect(Hex.encode(bytes) == "00010f10abff")
        #expect(Hex.decode("00010f10abff") == bytes)
        #expect(Hex.decode("") == [])
        for text in ["0", "0g", "AB", "0 "] { #expect(Hex.decode(text) == nil) }
    }
}
