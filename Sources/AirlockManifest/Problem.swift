package import AirlockModel

/// A diagnostic that does not know its path yet, so that equal files are read once.
package struct Problem: Error, Hashable, Comparable, Sendable {
    package let place: Document.Place?
    package let problem: String
    package let advice: String?

    init(_ place: Document.Place?, _ problem: String, _ advice: String? = nil) {
        self.place = place
        self.problem = problem
        self.advice = advice
    }

    /// The diagnostic of the file at `path`.
    package func diagnostic(at path: String) -> Diagnostic {
        Diagnostic(
            path: path, line: place?.line, column: place?.column, problem: problem, advice: advice)
    }

    /// Orders by line, column and text.
    package static func < (left: Problem, right: Problem) -> Bool {
        (left.place?.line ?? 0, left.place?.column ?? 0, left.problem)
            < (right.place?.line ?? 0, right.place?.column ?? 0, right.problem)
    }
}
