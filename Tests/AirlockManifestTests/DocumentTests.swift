import AirlockManifest
import Testing

@Suite("Documents")
struct DocumentTests {
    private func problem(_ text: String) -> Problem? { problem(Array(text.utf8)) }

    private func problem(_ bytes: [UInt8]) -> Problem? {
        do throws(Problem) {
            _ = try Document(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test("numbers keep their spelling and every value its place")
    func spelling() throws {
        let document = try Document(Array("version: 1.10\nlist:\n  - 0x1F\n  - \"7\"\n".utf8))
        guard case .mapping(let pairs) = document.root.content,
            case .list(let items) = pairs[1].value.content
        else { return #expect(Bool(false), "not a mapping with a list") }
        #expect(pairs[0].value.place == Document.Place(line: 1, column: 10))
        #expect(pairs[0].value.sort == .number)
        guard case .scalar("1.10", isPlain: true) = pairs[0].value.content,
            case .scalar("0x1F", isPlain: true) = items[0].content,
            case .scalar("7", isPlain: false) = items[1].content
        else { return #expect(Bool(false), "spelling lost") }
        #expect(items[1].place == Document.Place(line: 4, column: 5))
        #expect(items[1].sort == .text)
    }

    @Test(
        "scalars are taken for what YAML 1.2 takes them for",
        arguments: [
            ("12", Document.Value.Sort.integer), ("-3", .integer), ("+7", .integer),
            ("0x1f", .integer), ("0o17", .integer), ("1.5", .number), (".5", .number),
            ("1e3", .number), ("-1.5E-3", .number), (".inf", .number), ("-.Inf", .number),
            (".nan", .number), ("true", .boolean), ("False", .boolean), ("~", .null),
            ("null", .null), ("yes", .text), ("1.8.0", .text), ("10m", .text), ("1e", .text),
            (".", .text), ("0x", .text), ("1_000", .text), ("50/s", .text),
        ])
    func sorts(text: String, sort: Document.Value.Sort) throws {
        let document = try Document(Array("a: \(text)".utf8))
        guard case .mapping(let pairs) = document.root.content else { return }
        #expect(pairs[0].value.sort == sort, "\(text)")
    }

    @Test(
        "what is not one plain document is refused with its place",
        arguments: [
            ("a: 1\nb: 2\na: 3\n", "1:1", "more than once"),
            ("a:\n\tb: 1\n", "2:1", "a tab stands"), ("a: @b\n", "1:4", "begin with `@`"),
            ("a: 1\n---\nb: 2\n", "2:1", "second document"),
            ("a: [1, 2\n", "2:1", "not valid YAML"),
            ("a: *nothing\n", "1:4", "undefined alias"),
            ("a: !ruby/object 1\n", "1:4", "tags"),
            ("a: !!int \"1\"\n", "1:4", "tags"),
            ("x: &x {b: 1}\na:\n  <<: *x\n", "3:3", "merge keys"),
            ("? [a, b]\n: 1\n", "1:3", "a key that is a list"),
            ("", "1:1", "empty"), ("# only this\n", "1:1", "empty"),
        ])
    func refusals(text: String, place: String, what: String) throws {
        let found = try #require(problem(text))
        #expect(found.problem.contains(what), "\(found.problem)")
        let at = found.place.map { "\($0.line):\($0.column)" }
        #expect(at == place, "\(found)")
    }

    @Test("a tag of any length is told in few words")
    func longTag() throws {
        let found = try #require(problem("a: !" + String(repeating: "x", count: 300_000) + " 1\n"))
        #expect(found.problem.contains("tags") && found.problem.utf8.count < 1_000, "\(found)")
    }

    @Test("invalid UTF-8 names the line and the character")
    func invalidUTF8() throws {
        let found = try #require(problem(Array("a: ü\nbé: ".utf8) + [0xFF, 0x0A]))
        #expect(found.place == Document.Place(line: 2, column: 5))
        #expect(found.problem.contains("UTF-8"))
        #expect(problem([0xFE, 0xFF, 0x00, 0x61]) != nil)
        #expect(problem(Array("a: \u{1}b".utf8)) != nil)
    }

    @Test("a hundred megabytes of nothing are refused by their size alone")
    func size() throws {
        let found = try #require(problem([UInt8](repeating: 0x20, count: 100 << 20)))
        #expect(found.problem.contains("more than \(ManifestLimits.bytes) bytes"))
        #expect(problem([UInt8](repeating: 0x0A, count: ManifestLimits.bytes)) != nil)
    }

    @Test(
        "a directive other than %YAML is refused, wherever a line begins",
        arguments: [
            ("%TAG !x! a\n---\nb: 1\n", "1:1"), ("a: 1\n...\n%TAG !x! a\n---\nb: 1\n", "3:1"),
            ("# x\r%TAG !x! a\r---\rb: 1\r", "1:5"), ("# x\u{85}%TAG !x! a\n---\nb: 1\n", "1:5"),
            ("# x\u{2028}%TAG !x! a\n---\nb: 1\n", "1:5"),
            ("\u{FEFF}%TAG !x! a\n---\nb: 1\n", "1:2"),
            (String(repeating: "%TAG !xxxx! a\n", count: 74_000) + "---\nb: 1\n", "1:1"),
        ])
    func directives(text: String, place: String) throws {
        let found = try #require(problem(text))
        #expect(found.problem.contains("directive"), "\(found)")
        #expect(found.place.map { "\($0.line):\($0.column)" } == place, "\(found)")
    }

    @Test(
        "a percent sign that begins no directive is a text",
        arguments: [
            "%YAML 1.1\n---\na: 1\n", "a: 50%\nb: |\n  %TAG\nc: \"%d\"\n", "# %TAG\na: 1\n",
        ])
    func percent(text: String) {
        #expect(problem(text) == nil)
    }

    @Test(
        "an alias bomb is refused when it has been counted as far as the limit",
        arguments: [2, 9, 30])
    func aliasBomb(width: Int) throws {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...30 {
            let items = Array(repeating: "*a\(level - 1)", count: width).joined(separator: ",")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        let found = try #require(problem(text))
        #expect(found.problem.contains("aliases"), "\(found)")
    }

    @Test(
        "an alias bomb inside a key is refused before keys are compared",
        arguments: [
            "? *a30\n: 1\n", "*a30 : 1\n", "z: {*a30 : 1}\n", "[*a30]: 1\n", "z: {? *a30 : 1}\n",
            "- ? *a30\n", "{a: *a30} : 1\n", "{*a30}\n", "{x, [*a30], y}\n", "{x, # y\n   *a30}\n",
        ])
    func aliasBombInKey(tail: String) throws {
        var text = "- &a0 [x, x]\n"
        for level in 1...30 {
            text += "- &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        text =
            tail.hasPrefix("- ") ? text + tail : text + "- " + tail.replacing("\n:", with: "\n  :")
        let found = try #require(problem(text))
        #expect(found.problem.contains("aliases the file could grow"), "\(found)")
    }

    @Test(
        "nesting is refused beyond its limit and never overflows the stack",
        arguments: [65, 999, 1_001, 10_000, 400_000])
    func nesting(depth: Int) throws {
        let flow = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(problem(flow) != nil)
        #expect(problem(String(repeating: "- ", count: depth) + "x") != nil)
        #expect(problem(String(repeating: "{a: ", count: min(depth, 200_000))) != nil)
    }

    @Test("nesting up to the limit, a hundred aliases and a thousand empty values are accepted")
    func withinBounds() {
        let depth = ManifestLimits.depth - 1
        #expect(
            problem(
                String(repeating: "[", count: depth) + "x" + String(repeating: "]", count: depth))
                == nil)
        let aliases = Array(repeating: "*x", count: ManifestLimits.aliases).joined(separator: ", ")
        #expect(problem("a: &x {b: {c: 1}}\nd: [\(aliases)]\n") == nil)
        #expect(problem("a: &x {b: {c: 1}}\nd: [\(aliases), *x]\n") != nil)
        #expect(problem((0..<1_000).map { "k\($0):\n" }.joined()) == nil)
        #expect(problem((0..<1_000).map { "k\($0): {}\n" }.joined()) == nil)
        #expect(problem("a:\n" + (0..<1_000).map { _ in "  -\n" }.joined()) == nil)
    }

    @Test("more values than the limit are refused")
    func nodes() throws {
        let many =
            "a: [" + Array(repeating: "x", count: ManifestLimits.nodes).joined(separator: ",") + "]"
        #expect(try #require(problem(many)).problem.contains("values"))
        let marks = String(repeating: "[],", count: 30_001)
        #expect(try #require(problem("[" + marks + "]")).problem.contains("commas"))
        let dashes = "a:\n" + String(repeating: " - x\n", count: 40_000)
        #expect(try #require(problem(dashes)).problem.contains("dashes"))
    }

    @Test("keys in keys are refused before they are hashed, and a question in a text is none")
    func questions() throws {
        let keys = (0..<500).map { String(repeating: "? ", count: 60) + "\($0)\n" }.joined()
        #expect(try #require(problem(keys)).problem.contains("could be a key"))
        for deep in [
            String(repeating: "{?", count: 60) + "[" + String(repeating: "x,", count: 40_000) + "]"
                + String(repeating: "}", count: 60),
            (0..<1_700).map { number in
                "k\(number): " + String(repeating: "?[", count: 20)
                    + String(repeating: "]", count: 20)
            }.joined(separator: "\n"),
            (0..<5_000).map { "- {{{a: \($0)}: 1}: 1}\n" }.joined(),
        ] {
            #expect(try #require(problem(deep)).problem.contains("could be a key"))
        }
        let asks = (0..<1_000).map { "k\($0): is it so? # who knows?x\n" }.joined()
        #expect(problem(asks) == nil)
    }

    @Test("a byte order mark and carriage returns are accepted")
    func lineEnds() {
        #expect(problem("\u{FEFF}tier: staging\r\nprovider: {simulated: {}}\r\n") == nil)
        #expect(messages(.environment, "\u{FEFF}tier: staging\r\n").isEmpty)
    }

    @Test("the place of a diagnostic counts characters, not bytes")
    func columns() {
        let found = messages(.service, "{owner: größe, port: x}")
        let what = "`port` must be a whole number from 1 to 65535, but is a text: write 8080"
        #expect(found == ["f:1:22: \(what)"])
    }
}
