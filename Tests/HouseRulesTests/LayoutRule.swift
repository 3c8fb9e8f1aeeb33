/// Every file belongs to something and every folder is on the map.
enum LayoutRule {
    /// What the repository's top level may hold; what git ignores is not looked at.
    static let topLevel: Set = [
        "Package.swift", "Sources", "Tests", "ExampleRepo", "Scripts", "docs", "README.md",
        "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", ".ci", ".gitignore",
        ".swift-format",
    ]
    static let ignored: Set = [".git", ".build", "Package.resolved", ".swiftpm"]

    static func topLevelViolations(_ names: [String]) -> [Violation] {
        names.filter { !topLevel.contains($0) && !ignored.contains($0) }.map {
            Violation(path: $0, line: nil, what: "is not on the list of top-level entries")
        }
    }

    /// Folders of `Sources` that the manifest or the map does not name, and the reverse.
    static func folderViolations(folders: [String], manifest: String, map: String) -> [Violation] {
        let rows = map.split(separator: "\n").filter { $0.hasPrefix("| `") }.joined(separator: "\n")
        return folders.flatMap { folder -> [Violation] in
            var found: [Violation] = []
            let path = "Sources/" + folder
            if !manifest.contains("\"\(folder)\"") {
                found.append(
                    Violation(path: path, line: nil, what: "is no target of Package.swift"))
            }
            if !rows.contains("`\(folder)`") {
                found.append(
                    Violation(path: path, line: nil, what: "has no row in docs/architecture.md"))
            }
            return found
        }
    }

    /// A file that declares nothing.
    static func emptyFileViolation(_ file: SwiftText) -> Violation? {
        let code = file.code.filter { line in
            !line.allSatisfy(\.isWhitespace) && ImportRule.module(importedBy: line) == nil
        }
        return code.isEmpty
            ? Violation(path: file.path, line: nil, what: "declares nothing; remove it") : nil
    }

    /// Packages that are not pinned to one version.
    static func pinViolations(manifest: String) -> [Violation] {
        manifest.split(separator: "\n").enumerated().compactMap { index, line in
            guard line.contains(".package(url:") || line.contains(".package(path:") else {
                return nil
            }
            if line.contains("exact:") { return nil }
            return Violation(
                path: "Package.swift", line: index + 1,
                what: "a package is pinned with exact: on the same line")
        }
    }
}

/// Decision records are one page each: context, choice, rejected, cost.
enum DecisionRule {
    static let longest = 60
    static let sections = ["## Context", "## Choice", "## Rejected", "## Cost"]

    static func violations(path: String, text: String) -> [Violation] {
        let name = path.split(separator: "/").last ?? ""
        let number = name.prefix(4)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var problems: [String] = []
        if number.count != 4 || Int(number) == nil || name.dropFirst(4).first != "-"
            || !name.hasSuffix(".md")
        {
            problems.append("is named NNNN-what-it-decides.md")
        }
        if lines.first?.hasPrefix("# \(number). ") != true {
            problems.append("begins with `# \(number). ` and its title")
        }
        if lines.filter({ $0.hasPrefix("## ") }).map(String.init) != sections {
            problems.append("has the sections \(sections.joined(separator: ", ")), in this order")
        }
        if lines.count > longest { problems.append("has at most \(longest) lines") }
        return problems.map {
            Violation(path: path, line: nil, what: "a decision record " + $0)
        }
    }
}
