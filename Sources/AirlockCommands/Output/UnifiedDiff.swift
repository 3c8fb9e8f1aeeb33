/// The difference of two texts as `git apply` and `patch` read it.
enum UnifiedDiff {
    /// Lines around a change that stay as they are.
    private static let context = 3

    private enum Line {
        case same(Substring)
        case gone(Substring)
        case new(Substring)

        var isSame: Bool { if case .same = self { true } else { false } }
    }

    /// The patch of one file; empty when nothing differs.
    ///
    /// - Parameter path: Of the file in the repository.
    static func text(_ path: String, from old: String, to new: String) -> String {
        let lines = Self.lines(Self.split(old), Self.split(new))
        // Every file of git's ends in a line feed or says so.
        let open = (
            old: old.unicodeScalars.last != "\n", new: new.unicodeScalars.last != "\n"
        )
        let changed = lines.indices.filter { !lines[$0].isSame }
        guard let first = changed.first else { return "" }
        var hunks: [ClosedRange<Int>] = []
        var (start, end) = (first, first)
        for place in changed.dropFirst() {
            if place - end > 2 * context {
                hunks.append(start...end)
                start = place
            }
            end = place
        }
        hunks.append(start...end)
        let texts = hunks.map { hunk(lines, around: $0, endsOpen: open) }
        return "--- a/\(path)\n+++ b/\(path)\n" + texts.joined()
    }

    private static func split(_ text: String) -> [Substring] {
        // A carriage return and a line feed are one character of Swift's.
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Substring($0) }
    }

    private static func lines(_ old: [Substring], _ new: [Substring]) -> [Line] {
        let difference = new.difference(from: old)
        var (gone, added): (Set<Int>, Set<Int>) = ([], [])
        for change in difference {
            switch change {
            case .remove(let offset, _, _): gone.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var lines: [Line] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if left < old.count, gone.contains(left) {
                lines.append(.gone(old[left]))
                left += 1
            } else if right < new.count, added.contains(right) {
                lines.append(.new(new[right]))
                right += 1
            } else {
                lines.append(.same(old[left]))
                (left, right) = (left + 1, right + 1)
            }
        }
        // What stands behind the last line feed is no line.
        if case .same(let last)? = lines.last, last.isEmpty { lines.removeLast() }
        return lines
    }

    private static func hunk(
        _ lines: [Line], around changed: ClosedRange<Int>, endsOpen: (old: Bool, new: Bool)
    ) -> String {
        let start = max(0, changed.lowerBound - context)
        let range = start..<min(lines.count, changed.upperBound + context + 1)
        func count(_ part: some Sequence<Line>, old: Bool) -> Int {
            part.count {
                switch $0 {
                case .same: true
                case .gone: old
                case .new: !old
                }
            }
        }
        let before = lines[..<range.lowerBound]
        let part = lines[range]
        let head =
            "@@ -\(count(before, old: true) + 1),\(count(part, old: true)) "
            + "+\(count(before, old: false) + 1),\(count(part, old: false)) @@\n"
        let (lastOld, lastNew) = (
            lines.lastIndex { if case .new = $0 { false } else { true } },
            lines.lastIndex { if case .gone = $0 { false } else { true } }
        )
        let note = "\\ No newline at end of file\n"
        return part.indices.reduce(into: head) { text, place in
            switch lines[place] {
            case .same(let line): text += " \(line)\n"
            case .gone(let line): text += "-\(line)\n"
            case .new(let line): text += "+\(line)\n"
            }
            let isOpen =
                switch lines[place] {
                case .same, .gone: endsOpen.old && place == lastOld
                case .new: endsOpen.new && place == lastNew
                }
            if isOpen { text += note }
        }
    }
}
