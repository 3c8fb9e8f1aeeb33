import AirlockManifest
import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

/// Holds the JSON Schemas against the decoder with an independent validator (PyPI `jsonschema`).
@Suite("Schemas")
struct SchemaTests {
    /// The command of a Python that has the validator: the one that the environment names, the
    /// one that `Scripts/setup` made, or the one on the path.
    private static let python: [String]? = {
        let named = ProcessInfo.processInfo.environment["AIRLOCK_PYTHON"].map { [$0] }
        let own = [checkout.appending(path: ".build/venv/bin/python3").path()]
        let probe = ["-W", "ignore", "-c", "import jsonschema; jsonschema.Draft202012Validator"]
        return [named, own, ["/usr/bin/env", "python3"]].compactMap(\.self).first { command in
            do {
                return try run(command + probe, input: "").status == 0
            } catch {
                return false
            }
        }
    }()

    private static func run(_ command: [String], input: String) throws -> (
        status: Int32, output: String
    ) {
        let asked = FileManager.default.temporaryDirectory.appending(
            path: "airlock-schema-\(UUID().uuidString)")
        try Data(input.utf8).write(to: asked)
        defer { do { try FileManager.default.removeItem(at: asked) } catch { Issue.record(error) } }
        return try ChildProcess.run(
            command, environment: ProcessInfo.processInfo.environment, input: asked.path,
            errors: .nothing)
    }

    private static let script = """
        import json, sys, jsonschema
        asked = json.load(sys.stdin)
        for schema in asked["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        made = {k: jsonschema.Draft202012Validator(s) for k, s in asked["schemas"].items()}
        print(json.dumps([made[k].is_valid(d) for k, d in asked["documents"]]))
        """

    /// The document as a reader of YAML 1.2 hands it to a validator.
    private static func json(_ value: Document.Value) -> Any {
        switch value.content {
        case .list(let items): return items.map(json)
        case .mapping(let pairs):
            return Dictionary(pairs.map { ($0.key, json($0.value)) }) { first, _ in first }
        case .scalar(let text, _):
            switch value.sort {
            case .null: return NSNull()
            case .boolean: return text.lowercased() == "true"
            case .integer: return Int(text) ?? Double(text) ?? 0.5
            case .number: return Double(text).flatMap { $0.isFinite ? $0 : nil } ?? 0.5
            case .text, .list, .mapping: return text
            }
        }
    }

    @Test(
        "schema and decoder accept and refuse the same documents",
        .enabled(if: python != nil, "needs python3 with jsonschema; Scripts/setup installs it"))
    func agreement() throws {
        let corpus = try SchemaCorpus.documents() + RepositoryTests.documents()
        var documents: [Any] = []
        var verdicts: [Bool] = []
        var texts: [String] = []
        for (kind, text) in corpus {
            guard let document = try? Document(Array(text.utf8)) else { continue }
            let problems = DecodedDocument.read(Array(text.utf8), as: kind).problems
            if problems.contains(where: { $0.problem.contains("above `max`") }) { continue }
            documents.append([kind.rawValue, Self.json(document.root)] as [Any])
            verdicts.append(problems.isEmpty)
            texts.append("\(kind): \(text)\n\(problems)")
        }
        var schemas: [String: Any] = [:]
        for kind in ManifestKind.allCases {
            schemas[kind.rawValue] = try JSONSerialization.jsonObject(
                with: Data(SchemaText.json(kind).utf8))
        }
        let input = try JSONSerialization.data(withJSONObject: [
            "schemas": schemas, "documents": documents,
        ])
        let answer = try Self.run(
            try #require(Self.python) + ["-W", "ignore", "-c", Self.script],
            input: String(decoding: input, as: UTF8.self))
        #expect(answer.status == 0)
        let found = try JSONDecoder().decode([Bool].self, from: Data(answer.output.utf8))
        #expect(found.count == verdicts.count)
        var differing = 0
        for (index, verdict) in verdicts.enumerated() where found[index] != verdict {
            differing += 1
            if differing <= 5 {
                Issue.record("schema says \(found[index]), decoder \(verdict) for \(texts[index])")
            }
        }
        #expect(
            verdicts.count > 1_500 && verdicts.count { $0 } > 120,
            "\(verdicts.count), \(verdicts.count { $0 }) good")
    }

    @Test("each schema is JSON and names its draft", arguments: ManifestKind.allCases)
    func shape(kind: ManifestKind) throws {
        let schema =
            try JSONSerialization.jsonObject(with: Data(SchemaText.json(kind).utf8))
            as? [String: Any]
        #expect(schema?["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema?["additionalProperties"] as? Bool == false)
    }
}

/// Good documents, and documents that differ from good ones in one value.
enum SchemaCorpus {
    private static let digest = String(repeating: "a", count: 64)
    private static let values = [
        "1", "0", "-1", "8080", "70000", "1.5", "true", "~", "\"\"", "\"8080\"", "text", "[]",
        "[a]", "[a, b]",
        "[a, a]", "{}", "{a: b}", "{secret: db}", "{min: 1, max: 2}", "{min: 1}", "10m", "1h30m",
        "0s", "10", "0.5%",
        "101%", "500m", "2", "256Mi", "0Mi", "50/s", "30/m", "/healthz", "never", "simulated",
        "{simulated: {}}",
        "{swarm: {}}", "allAtOnce", "canary", "{allAtOnce: {}}", "{allAtOnce: {deadline: 5m}}",
        "{canary: {}}",
        "{path: /x, every: 5s}", "{cpu: 2, memory: 1Gi}", "{cpu: 0}", "{count: 3}",
        "{removals: {count: 3}}",
        "production", "prod", "{A: 1, B: true, C: {secret: x}}", "{1A: x}", "{A: ~}",
        "{A: {secret: X}}",
        "r/a@sha256:\(digest)", "r/a:1", "localhost:5000/a/b@sha256:\(digest)",
        "a:5@sha256:\(digest)",
        "{\"sha256:\(digest)\": {startup: never}}",
        "{\"sha256:\(digest)\": {startup: 0s, leak: 1Mi/m}}",
        "{\"sha256:\(digest)\": {poison: {after: 1m}}}", "{sha256: {}}", "{web: 5/s}", "{web: 5}",
        "{Web: 5/s}", "{db: 1}", "{run: [a, a]}", "{run: [1, true], timeout: 5m}", "{run: []}",
        "{run: a}", "{run: [\"\"]}", "{run: [~]}", "{run: [a, \"\"]}", "{run: [a], timeout: 0s}",
        "{\"sha256:\(digest)\": {verify: {takes: 1s, outcome: never}}}",
    ]
    private static let good: [(ManifestKind, [(String, String)])] = [
        (.fleet, [("airlock", "1"), ("name", "shop"), ("order", "[a, b]")]),
        (.environment, [("tier", "production")]), (.service, [("port", "8080")]),
        (.release, [("artifact", "r/a@sha256:\(digest)"), ("replicas", "2")]),
        (.simulation, [("secrets", "{a: 1}")]),
    ]

    private static let bounds = [
        "{queue: {above: 1.5}}", "{queue: {above: -3, below: -4, for: 1m}}", "{queue: {}}",
        "{queue: {for: 1s}}", "{Queue: {above: 1}}", "{queue: {above: text}}",
        "{queue: {above: \"2\"}}", "{queue: {above: true}}", "{queue: {above: 1, over: 2}}",
        "{cpu: {below: 5%}}", "{cpu: {above: 2}}", "{memory: {for: 1s}}",
        "{errorRate: {below: 1%}}", "{errorRate: {above: 1%, below: 1%}}",
        "{errorRate: {above: 1%}}", "{a: {above: 1}, b.c: {below: 2}, latencyP99: {above: 1s}}",
        "{}", "{errorRates: {above: 1}}",
    ]

    static func documents() -> [(ManifestKind, String)] {
        var documents: [(ManifestKind, String)] = []
        func add(_ kind: ManifestKind, _ pairs: [(String, String)]) {
            documents.append((kind, pairs.map { "\($0.0): \($0.1)\n" }.joined()))
        }
        for (kind, base) in good {
            add(kind, base)
            add(kind, base + [("unknown", "1")])
            for (missing, _) in base { add(kind, base.filter { $0.0 != missing }) }
            for value in values {
                documents.append((kind, value))
                for key in kind.record.keys {
                    add(kind, base.filter { $0.0 != key.name } + [(key.name, value)])
                }
            }
        }
        for value in bounds {
            let release = good.first { $0.0 == .release }?.1 ?? []
            add(.release, release + [("strategy", "canary"), ("rollback", value)])
        }
        return documents
    }
}
