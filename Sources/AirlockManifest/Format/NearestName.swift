/// Finds the word that was probably meant.
package enum NearestName {
    /// The candidate with the fewest edits, the first in order among equals; nil when none is near.
    package static func of(_ word: String, among candidates: some Sequence<String>) -> String? {
        let letters = Array(word.lowercased().utf8)
        guard letters.count <= 64 else { return nil }
        let allowed = max(1, min(3, letters.count / 3))
        var best: (word: String, edits: Int)?
        for candidate in candidates {
            let other = Array(candidate.lowercased().utf8)
            guard abs(other.count - letters.count) <= allowed else { continue }
            let edits = distance(letters, other)
            guard edits <= allowed else { continue }
            if let found = best, (found.edits, found.word) <= (edits, candidate) { continue }
            best = (candidate, edits)
        }
        return best?.word
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let cost = left[row] == right[column] ? 0 : 1
                var edits = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    edits = min(edits, before[column - 1] + 1)
                }
                current.append(edits)
            }
            before = last
            last = current
        }
        return last[right.count]
    }
}
