import AirlockManifest
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("Mutated documents")
struct FuzzTests {
    private static let seeds: [(ManifestKind, String)] = [
        (
            .fleet,
            "airlock: 1\nname: shop\norder: [staging, production]\nlimits: {removals: {count: 3, share: 10%}}\n"
        ),
        (.environment, "tier: production\nprovider: {simulated: {}}\n"),
        (
            .service,
            "owner: t\nport: 8080\nhealth: {path: /healthz, every: 5s}\nresources: {cpu: 500m, memory: 256Mi}\ncalls: [a, b]\nstopGrace: 5s\n"
        ),
        (
            .release,
            MemoryTree.release(
                "web",
                extra:
                    "version: 1.8\nconfig: {A: 1, B: {secret: x}}\nstrategy: {allAtOnce: {deadline: 10m}}\n"
            )
        ),
        (
            .release,
            MemoryTree.release(
                "web",
                extra:
                    "strategy: canary\nrollback: {queue: {above: 1.5, below: -2, for: 5s}, cpu: {below: 1%}}\n"
            )
        ),
        (
            .simulation,
            "artifacts: {\"sha256:\(String(repeating: "a", count: 64))\": {startup: 3s, crash: {after: 2m}}}\ntraffic: {a: 5/s}\nsecrets: {b: \"1\"}\n"
        ),
    ]
    private static let pieces = [
        "\n", "  ", "\t", ":", ": ", "- ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!t ", "|",
        ">",
        "\"", "'", "#", "---\n", "...\n", "%YAML 1.2\n", "<<: *a\n", "\u{0}", "\u{FEFF}",
        "\u{2028}",
        "é", "999999999999999999999", "-0", "0x", "1e999", "~", "null",
    ]

    @Test(
        "no mutation of a document traps, and every refusal says something",
        arguments: Fuzz.seeds(25))
    func mutations(seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        for _ in 0..<200 {
            let (kind, text) = try #require(Self.seeds.randomElement(using: &random))
            let bytes = Fuzz.mutate(Array(text.utf8), pieces: Self.pieces, using: &random)
            let (value, problems) = DecodedDocument.read(bytes, as: kind)
            #expect((value == nil) == !problems.isEmpty)
            #expect(
                problems.allSatisfy {
                    !$0.problem.isEmpty && ($0.place.map { $0.line >= 1 && $0.column >= 1 } ?? true)
                })
            #expect(
                problems.allSatisfy { !$0.problem.contains("has a form that cannot be read") },
                "shape and reader differ: \(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
