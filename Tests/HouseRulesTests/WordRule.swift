/// Words that say nothing, promise later work, or end the process.
enum WordRule {
    private static let emptySuffixes = [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Info", "Data",
    ]
    // Written in two parts so that this file keeps its own rule.
    private static let promises = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    private static let typeWords: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "typealias",
    ]

    /// What holds for product and tests alike.
    static func violations(in file: SwiftText) -> [Violation] {
        var found: [Violation] = []
        for (index, line) in file.code.enumerated() {
            for name in declaredTypes(in: line) {
                if let suffix = emptySuffixes.first(where: name.hasSuffix) {
                    found.append(
                        Violation(
                            path: file.path, line: index + 1,
                            what: "\(name): a type is named for what it is, not \(suffix)"))
                }
            }
        }
        for (index, line) in file.lines.enumerated() {
            for word in words(of: line) where promises.contains(where: { word == $0 }) {
                found.append(
                    Violation(
                        path: file.path, line: index + 1,
                        what: "\(word): do it now or write an issue"))
            }
        }
        return found
    }

    /// What holds for the product only: tests may give up loudly.
    static func productViolations(in file: SwiftText) -> [Violation] {
        let banned = [
            ("try!", "throw or handle the error"), ("try?", "an error is handled, not swallowed"),
            ("as!", "use as? and say what else can be"),
            ("fatalError(", "throw, or state a precondition"),
        ]
        var found: [Violation] = []
        for (index, line) in file.code.enumerated() {
            for (text, advice) in banned where occurs(text, in: line) {
                found.append(
                    Violation(path: file.path, line: index + 1, what: "\(text): \(advice)"))
            }
        }
        return found + emptyCatches(in: file)
    }

    private static func emptyCatches(in file: SwiftText) -> [Violation] {
        let pieces = file.flat.split(separator: "catch", omittingEmptySubsequences: false)
        var line = 1
        var found: [Violation] = []
        for (index, piece) in pieces.enumerated() {
            if index > 0, let open = piece.firstIndex(of: "{") {
                let rest = piece[piece.index(after: open)...].drop(while: \.isWhitespace)
                if rest.first == "}" {
                    found.append(
                        Violation(
                            path: file.path, line: line,
                            what: "an empty catch: handle the error, or say return and why"))
                }
            }
            line += piece.count { $0 == "\n" }
        }
        return found
    }

    private static func declaredTypes(in line: Substring) -> [Substring] {
        let words = words(of: line)
        return zip(words, words.dropFirst()).compactMap { typeWords.contains($0) ? $1 : nil }
    }

    /// Whether `text` occurs as a word of its own: `as!` is not found in `alias!`.
    private static func occurs(_ text: String, in line: Substring) -> Bool {
        var rest = line
        while let range = rest.firstRange(of: text) {
            let before = line[..<range.lowerBound].last
            if before.map({ !$0.isLetter && !$0.isNumber && $0 != "_" }) ?? true { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    static func words(of line: Substring) -> [Substring] {
        line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    }
}

/// Pure targets decide; they never look at a clock, wait, log, read files or draw lots.
enum PurityRule {
    static let targets: Set = [
        "AirlockModel", "AirlockManifest", "AirlockTrust", "AirlockPlan", "AirlockRollout",
        "AirlockAnalysis", "AirlockFlags", "AirlockAnonymize",
    ]
    private static let banned: Set<Substring> = [
        "Task", "TaskGroup", "async", "await", "Date", "ContinuousClock", "SuspendingClock",
        "Logger", "FileManager", "ProcessInfo", "getenv", "random", "randomElement", "shuffle",
        "shuffled", "SystemRandomNumberGenerator", "print", "clock_gettime",
    ]

    static func violations(in file: SwiftText) -> [Violation] {
        guard targets.contains(file.target) else { return [] }
        return file.code.enumerated().flatMap { index, line in
            let words = WordRule.words(of: line)
            let declaresActor = zip(words, words.dropFirst()).contains {
                $0 == "actor" && $1.first?.isUppercase == true && !line.contains("actor:")
            }
            let found = words.filter(banned.contains) + (declaresActor ? ["actor"] : [])
            return found.map {
                Violation(path: file.path, line: index + 1, what: "\($0) in a pure target")
            }
        }
    }
}
