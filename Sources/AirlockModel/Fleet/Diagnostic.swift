/// What is wrong in one place of the repository, and its right form.
package struct Diagnostic: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// The path from the repository's root.
    package let path: String
    /// Counted from 1; nil for the file as a whole.
    package let line: Int?
    /// Counted from 1, in characters.
    package let column: Int?
    /// What is wrong and why.
    package let problem: String
    /// The right form, or what to do; nil when the problem says it.
    package let advice: String?

    package init(
        path: String, line: Int? = nil, column: Int? = nil, problem: String, advice: String? = nil
    ) {
        self.path = path
        self.line = line
        self.column = column
        self.problem = problem
        self.advice = advice
    }

    /// `path:line:column: problem: advice`, as editors read it.
    package var description: String {
        let place = [path, line.map(String.init), column.map(String.init)].compactMap(\.self)
        return place.joined(separator: ":") + ": " + problem + (advice.map { ": \($0)" } ?? "")
    }

    /// Orders by path, line and column.
    package static func < (left: Diagnostic, right: Diagnostic) -> Bool {
        (left.path, left.line ?? 0, left.column ?? 0, left.problem)
            < (right.path, right.line ?? 0, right.column ?? 0, right.problem)
    }
}
