/// Keys that are given more than once in their mapping, and get other names so that the rest of the file can
/// still be read.
struct DuplicateKeys {
    /// One for each key that was set aside.
    private(set) var problems: [Problem] = []
    /// What stood where a character of no file stands now.
    private var originals: [Unicode.Scalar: Unicode.Scalar] = [:]

    /// Each one costs another reading of the file.
    private static let most = 8
    private static let longestText = 64 << 10
    /// The first of the characters that Unicode leaves to private use.
    private static let firstName: UInt32 = 0xE000

    /// Renames the key at the problem's place to one that no file has.
    ///
    /// - Throws: The problem, when the file is not read on.
    mutating func setAside(_ problem: Problem, in text: inout String) throws(Problem) {
        guard problems.count < Self.most, text.utf8.count <= Self.longestText,
            let place = problem.place,
            let name = Unicode.Scalar(Self.firstName + UInt32(problems.count))
        else { throw problem }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            Array($0.unicodeScalars)
        }
        guard lines.indices.contains(place.line - 1) else { throw problem }
        let line = lines[place.line - 1]
        var column = place.column - 1
        if line.indices.contains(column), ["\"", "'"].contains(line[column]) { column += 1 }
        guard line.indices.contains(column), line[column].properties.isAlphabetic else {
            throw problem
        }
        originals[name] = line[column]
        lines[place.line - 1][column] = name
        text = lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
        problems.append(problem)
    }

    /// Everything that is wrong with a file, when `others` was found beside the keys.
    func all(with others: [Problem]) -> [Problem] {
        let places = Set(problems.map(\.place))
        // A key that was set aside is not known to any kind of file.
        return problems + others.filter { !places.contains($0.place) }.map(restored)
    }

    private func restored(_ problem: Problem) -> Problem {
        func restored(_ text: String) -> String {
            String(String.UnicodeScalarView(text.unicodeScalars.map { originals[$0] ?? $0 }))
        }
        return Problem(
            problem.place, restored(problem.problem), problem.advice.map(restored))
    }
}
