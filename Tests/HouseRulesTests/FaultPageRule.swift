/// Holds every test that the page of faults names to a test that exists.
enum FaultPageRule {
    /// - Parameter tests: The texts of all test files.
    static func violations(page: String, path: String, tests: [String]) -> [Violation] {
        let known = Set(tests.flatMap(names))
        // A name may go over the end of a line.
        let text = page.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == " " } }.joined(separator: " ")
        return quoted(text).filter { !known.contains($0) }.map {
            Violation(path: path, line: nil, what: "no test is called \"\($0)\"")
        }
    }

    /// The names of tests in one file: what follows `@Test(`, where that is a string.
    private static func names(in text: String) -> [String] {
        text.split(separator: "@Test(", omittingEmptySubsequences: false).dropFirst().compactMap {
            let rest = $0.prefix(400).drop(while: \.isWhitespace)
            return rest.first == "\"" ? quoted(String(rest)).first : nil
        }
    }

    private static func quoted(_ text: String) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count - 1, by: 2).map { String(parts[$0]) }
    }
}
