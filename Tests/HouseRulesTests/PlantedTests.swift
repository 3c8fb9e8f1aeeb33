import Testing

/// Each rule finds what is planted and passes the same code without it.
@Suite("House rules find planted breaches")
struct PlantedTests {
    private func file(_ text: String, at path: String = "Sources/AirlockPlan/A.swift") -> SwiftText
    {
        SwiftText(path: path, text)
    }

    @Test("comments and strings are no code")
    func blanking() {
        let text = file(
            ##"""
            let a = "try! \(b("as! \(c)")) fatalError(" // try!
            let b = #"raw "try!" \#(x) "# + """
              try! { "
              """ /* try! /* nested */ try! */ + d
            e { f }
            """##)
        #expect(WordRule.productViolations(in: text).isEmpty)
        #expect(text.flat.contains("+ d") && text.flat.contains("e { f }"))
        #expect(text.code.count == text.lines.count)
        #expect(zip(text.code, text.lines).allSatisfy { $0.utf8.count == $1.utf8.count })
    }

    @Test(
        "an import is found whatever stands around it",
        arguments: [
            ("import Logging", "Logging"), ("package import Logging", "Logging"),
            ("@preconcurrency import Logging", "Logging"),
            ("import struct Logging.Logger", "Logging"),
            ("@_spi(Some) private import Logging", "Logging"), ("import Glibc;", "Glibc"),
            ("  import  Foundation.NSObject", "Foundation"), ("let import_ = 1", nil),
            ("// import Logging", nil),
        ])
    func importLines(line: String, module: String?) throws {
        let code = try #require(file(line).code.first)
        #expect(ImportRule.module(importedBy: code)?.module == module)
    }

    @Test("an import that the table does not allow is found, system modules too")
    func imports() {
        let rule = ImportRule(table: "# note\nAirlockPlan: AirlockModel\nAirlockGit: Subprocess\n")
        func whats(_ text: String, _ path: String = "Sources/AirlockPlan/A.swift") -> [String] {
            rule.violations(in: file(text, at: path)).map(\.description)
        }
        #expect(whats("package import AirlockModel").isEmpty)
        #expect(
            whats("\nimport Glibc") == [
                "Sources/AirlockPlan/A.swift:2: AirlockPlan may not import Glibc"
            ])
        #expect(whats("import AirlockGit").count == 1)
        #expect(whats("import AirlockModel", "Sources/Other/A.swift").count == 1)
        #expect(whats("@_exported import AirlockModel").count == 1)
        #expect(
            whats("import Subprocess\nimport AirlockPlan", "Tests/AirlockGitTests/A.swift").isEmpty)
        #expect(whats("import Subprocess", "Tests/AirlockPlanTests/A.swift").count == 1)
        #expect(whats("@testable import AirlockGit", "Tests/AirlockGitTests/A.swift").count == 1)
    }

    @Test("a file of 401 lines and a function of 71 are found")
    func lengths() {
        func lines(_ count: Int) -> String { String(repeating: "    a()\n", count: count) }
        #expect(LengthRule.violations(in: file(lines(400))).isEmpty)
        #expect(LengthRule.violations(in: file(lines(401))).count == 1)
        let headers = [
            "func f() {", "init?<T>(\n) throws(E) where\n    T: P\n{", "var x: [Int] {",
            "func g(_ a: () -> Void = {})\n    async\n{", "subscript(a: Int) -> Int {",
        ]
        for header in headers {
            let breaks = header.split(separator: "\n").count + 1
            let good = header + "\n" + lines(70 - breaks) + "}\n"
            let bad = header + "\n" + lines(71 - breaks) + "}\n"
            #expect(LengthRule.violations(in: file("\n" + good)).isEmpty)
            let found = LengthRule.violations(in: file("\n" + bad))
            #expect(found.count == 1 && found.first?.line == 2, "\(header)")
        }
        let requirement = "func f() -> Int\nstruct A {\n" + lines(80) + "}\nlet x = a.init(b)\n"
        #expect(LengthRule.violations(in: file(requirement)).isEmpty)
    }

    @Test("an undocumented declaration is found; witnesses and what only stores are excused")
    func documentation() {
        let text = """
            /// A protocol.
            package protocol Port {
                /// Goes.
                func go()
                func undescribed()
            }
            package struct Bare {
                package let a: Int
                package static let b: Int = 1
                package var c: Int { 1 }
                package init(a: Int, b: Int) {
                    self.a = a
                    self.b = b
                }
                package init?(_ text: String) { return nil }
                package static func go() {}
                func hidden() { struct Local { let c: Int } }
            }
            extension Bare: Port, Comparable {
                package func go() {}
                package static func < (left: Bare, right: Bare) -> Bool { left.a < right.a }
                @discardableResult
                package func extra() {}
            }
            """
        let found = DocumentationRule(protocolsIn: [file(text)]).violations(in: file(text))
        #expect(found.map(\.line) == [5, 7, 9, 10, 15, 16, 23])
    }

    @Test(
        "a banned word is found",
        arguments: [
            "struct LaneManager {}", "final class HTTPHelper {}", "enum BuildInfo {}",
            "actor UserData {}", "typealias StringUtil = Int", "// TO" + "DO: later",
            "let a = 1 // FIX" + "ME",
        ])
    func words(text: String) {
        #expect(WordRule.violations(in: file("\n" + text)).map(\.line) == [2])
    }

    @Test("a name that only contains a banned word is not")
    func goodWords() {
        let text = "struct Database {}\nstruct ManagerialTone {}\nlet userInfo: Data = x\n"
        #expect(WordRule.violations(in: file(text)).isEmpty)
    }

    @Test(
        "what gives up or swallows is found in the product",
        arguments: [
            "let a = try! b()", "let a = try? b()", "let a = b as! C", "fatalError()",
            "do { try a() } catch {}", "do { try a() } catch is E {\n // nothing\n}",
        ])
    func givingUp(text: String) {
        #expect(WordRule.productViolations(in: file("\n" + text)).map(\.line) == [2])
    }

    @Test(
        "what is not pure is found in a pure target and nowhere else",
        arguments: [
            "let t = Task { }", "func f() async {}", "actor Lane {}", "let d = Date()",
            "let c = ContinuousClock()", "let l = Logger(label: a)", "FileManager.default",
            "let n = Int.random(in: 0..<3)",
        ])
    func purity(text: String) {
        #expect(PurityRule.violations(in: file(text)).count >= 1)
        #expect(PurityRule.violations(in: file(text, at: "Sources/AirlockGit/A.swift")).isEmpty)
    }

    @Test("a property named actor is pure")
    func actorProperty() {
        #expect(PurityRule.violations(in: file("package let actor: Actor")).isEmpty)
    }

    @Test("an empty file, a stray entry and a folder off the map are found")
    func layout() {
        #expect(LayoutRule.emptyFileViolation(file("import A\n// placeholder\n\n")) != nil)
        #expect(LayoutRule.emptyFileViolation(file("let a = 1")) == nil)
        #expect(LayoutRule.topLevelViolations(["Sources", ".git", "notes.txt"]).count == 1)
        let map = "| `A` | words |\nB is `B`\n"
        let found = LayoutRule.folderViolations(
            folders: ["A", "B", "C"], manifest: "name: \"A\", \"B\"", map: map)
        #expect(
            found.map(\.description) == [
                "Sources/B: has no row in docs/architecture.md",
                "Sources/C: is no target of Package.swift",
                "Sources/C: has no row in docs/architecture.md",
            ])
    }

    @Test("a package without an exact version is found")
    func pins() {
        let manifest = """
            .package(url: "a", exact: "1.0.0"),
            .package(url: "b", from: "1.0.0"),
            """
        #expect(LayoutRule.pinViolations(manifest: manifest).map(\.line) == [2])
    }

    @Test("a decision record without its form is found")
    func decisions() {
        let good = "# 0001. Title\n\n## Context\n\n## Choice\n\n## Rejected\n\n## Cost\n"
        func count(_ path: String, _ text: String) -> Int {
            DecisionRule.violations(path: "docs/decisions/" + path, text: text).count
        }
        #expect(count("0001-a-title.md", good) == 0)
        #expect(count("0002-a-title.md", good) == 1)
        #expect(count("title.md", good) == 2)
        #expect(count("0001-a.md", good.replacing("## Cost", with: "## Price")) == 1)
        #expect(count("0001-a.md", good + String(repeating: "\n", count: 60)) == 1)
    }

    @Test("a fault whose test does not exist is found")
    func unknownTest() {
        let test = "@Test(\n    \"it holds\", arguments: [1])\nfunc holds() {}"
        let page = "| 1 | x | \"it\n  holds\", \"it does not\" |"
        let found = FaultPageRule.violations(page: page, path: "docs/faults.md", tests: [test])
        #expect(found.map(\.what) == ["no test is called \"it does not\""])
    }
}
