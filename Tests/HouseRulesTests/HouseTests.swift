import Testing

/// Every rule over the whole repository. `PlantedTests` shows that each rule can fail.
@Suite("House rules")
struct HouseTests {
    /// Read once for all rules.
    private static let files = Result { (try Repository.sources(), try Repository.tests()) }

    private let sources: [SwiftText]
    private let tests: [SwiftText]

    init() throws { (sources, tests) = try Self.files.get() }

    private func expectNone(_ violations: [Violation]) {
        for violation in violations { Issue.record("\(violation)") }
    }

    @Test("the rules see the code")
    func notEmpty() {
        #expect(sources.count > 10)
        #expect(tests.contains { $0.path == "Tests/HouseRulesTests/HouseTests.swift" })
    }

    @Test("every import is in the table of allowed imports")
    func imports() throws {
        let rule = ImportRule(table: try Repository.text(of: "Tests/HouseRulesTests/imports.txt"))
        expectNone((sources + tests).flatMap(rule.violations))
        let folders = Set(try Repository.names(in: "Sources") + Repository.names(in: "Tests"))
        expectNone(
            rule.table.keys.sorted().filter { !folders.contains($0) }.map {
                Violation(
                    path: "Tests/HouseRulesTests/imports.txt", line: nil, what: "\($0) is no target"
                )
            })
    }

    @Test("files have at most 400 lines and functions at most 70")
    func lengths() { expectNone((sources + tests).flatMap(LengthRule.violations)) }

    @Test("everything that other targets see has a doc comment")
    func documentation() {
        expectNone(sources.flatMap(DocumentationRule(protocolsIn: sources).violations))
    }

    @Test("no banned words")
    func words() {
        expectNone((sources + tests).flatMap(WordRule.violations))
        expectNone(sources.flatMap(WordRule.productViolations))
    }

    @Test("pure targets have no clock, task, log, file or random number in them")
    func purity() { expectNone(sources.flatMap(PurityRule.violations)) }

    @Test("the page of faults names tests that exist")
    func faults() throws {
        let path = "docs/faults.md"
        let texts = try tests.map { try Repository.text(of: $0.path) }
        expectNone(
            FaultPageRule.violations(
                page: try Repository.text(of: path), path: path, tests: texts))
    }

    @Test("no file is empty or a placeholder")
    func emptyFiles() { expectNone((sources + tests).compactMap(LayoutRule.emptyFileViolation)) }

    @Test("every folder and top-level entry is on the map")
    func layout() throws {
        expectNone(LayoutRule.topLevelViolations(try Repository.names(in: "")))
        expectNone(
            LayoutRule.folderViolations(
                folders: try Repository.names(in: "Sources"),
                manifest: try Repository.text(of: "Package.swift"),
                map: try Repository.text(of: "docs/architecture.md")))
    }

    @Test("packages are pinned to one version")
    func pins() throws {
        expectNone(LayoutRule.pinViolations(manifest: try Repository.text(of: "Package.swift")))
    }

    @Test("decision records have their form")
    func decisions() throws {
        let paths = try Repository.paths(below: "docs/decisions")
        #expect(!paths.isEmpty)
        for path in paths {
            expectNone(DecisionRule.violations(path: path, text: try Repository.text(of: path)))
        }
    }
}
