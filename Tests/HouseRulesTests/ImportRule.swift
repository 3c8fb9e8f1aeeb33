/// Compares every `import` line with the table of allowed imports.
///
/// The compiler keeps only the outer bounds: it accepts imports of what a dependency depends on, and
/// knows nothing of system modules.
struct ImportRule {
    /// What each target of `Sources` may import, and what a test target may beyond its target's row.
    let table: [String: Set<String>]

    /// What libFuzzer runs aims at readers that no door leads to alone.
    private static let fuzzers = "Fuzzers"
    private static let systemModules: Set = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Testing",
    ]

    /// Reads `Target: Module Module`, one row a line; `#` begins a comment.
    init(table text: String) {
        var table: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let sides = line.split(separator: ":", maxSplits: 1)
            let modules = sides.count == 2 ? sides[1].split(separator: " ") : []
            table[String(sides[0])] = Set(modules.map(String.init))
        }
        self.table = table
    }

    func violations(in file: SwiftText) -> [Violation] {
        let isTest = file.path.hasPrefix("Tests/")
        let row = table[file.target]
        if row == nil, !isTest {
            return [
                Violation(
                    path: file.path, line: nil,
                    what: "\(file.target) has no row in Tests/HouseRulesTests/imports.txt")
            ]
        }
        return file.code.enumerated().compactMap { index, line in
            guard let found = Self.module(importedBy: line) else { return nil }
            let isAllowed =
                isTest ? mayTest(file.target, found.module) : row?.contains(found.module) == true
            let what: String? =
                if !isAllowed {
                    "\(file.target) may not import \(found.module)"
                } else if found.attributes.contains("@testable"), file.target != Self.fuzzers {
                    "tests go through the module's door: no @testable"
                } else if found.attributes.contains("@_exported") {
                    "nothing is imported for others: no @_exported"
                } else {
                    nil
                }
            return what.map { Violation(path: file.path, line: index + 1, what: $0) }
        }
    }

    /// A test target may import our targets, system modules and what its own target may.
    private func mayTest(_ target: String, _ module: String) -> Bool {
        module.hasPrefix("Airlock") || Self.systemModules.contains(module)
            || table[target]?.contains(module) == true
            || table[String(target.dropLast("Tests".count))]?.contains(module) == true
    }

    /// The module that a line of code imports, whatever stands around its name.
    static func module(
        importedBy line: Substring
    ) -> (module: String, attributes: [Substring])? {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == ";" }
        guard let place = words.firstIndex(of: "import"), place + 1 < words.count else {
            return nil
        }
        let access: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        let before = words[..<place]
        guard before.allSatisfy({ $0.hasPrefix("@") || access.contains($0) }) else { return nil }
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
        ]
        let name =
            kinds.contains(words[place + 1]) ? words.dropFirst(place + 2).first : words[place + 1]
        guard let module = name?.split(separator: ".").first else { return nil }
        return (String(module), Array(before))
    }
}
