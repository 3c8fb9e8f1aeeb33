import AirlockManifest
import AirlockModel
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

    @Test("no mutation of a document traps, and every refusal says something", arguments: 0..<25)
    func mutations(seed: UInt64) throws {
        var random = Seeded(state: seed)
        for _ in 0..<200 {
            let (kind, text) = try #require(Self.seeds.randomElement(using: &random))
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0...4, using: &random) {
                case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
                case 1:
                    bytes.removeSubrange(
                        at..<min(bytes.count, at + Int.random(in: 0...9, using: &random)))
                case 2:
                    bytes.insert(
                        contentsOf: try #require(Self.pieces.randomElement(using: &random)).utf8,
                        at: at)
                case 3:
                    bytes.insert(
                        contentsOf: bytes[at..<min(bytes.count, at + 20)],
                        at: Int.random(in: 0...bytes.count, using: &random))
                default:
                    if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
                }
            }
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
