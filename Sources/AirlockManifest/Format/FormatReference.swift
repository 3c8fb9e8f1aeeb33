/// The reference of the format in Markdown, made from the same table as the decoder.
package enum FormatReference {
    /// The whole of docs/format.md.
    package static func markdown() -> String {
        ([introduction] + ManifestKind.allCases.map(section) + [bounds]).joined(separator: "\n")
    }

    private static let introduction = """
        # The format

        <!-- Made by `FormatReference.markdown()`; a test keeps it equal. Do not edit. -->

        A fleet is a git repository. The path is the name: nothing is named twice, and a changed path
        says which lanes to look at.

        ```
        fleet.yaml                         # name, order of promotion, limits
        environments/ENVIRONMENT.yaml      # a place to run things
        services/SERVICE/service.yaml      # what is the same everywhere
        services/SERVICE/ENVIRONMENT.yaml  # the release in that environment
        simulation.yaml                    # how artifacts behave in the simulator
        ```

        Names are lowercase letters, digits and inner hyphens, at most 63. Quantities carry their unit:
        `10m`, `0.5%`, `256Mi`, `50/s`. An unknown key is an error that names the nearest known one. A
        key that is reserved for later is an error of its own: what is not enforced must not look as if
        it were. Files that end in `.md` or start with `.` are ignored. `airlock validate` checks a
        folder; `airlock schema KIND` prints the JSON Schema of a kind for an editor.

        One bad file leaves the lanes that it describes as they are, and only those. Where a service has a
        file for an environment that is not there, no lane of it without a file is removed either: the
        file may be theirs under a wrong name.

        The whole commit is refused for a `fleet.yaml` that cannot be read, and for what is never read
        below these paths: a name that is `.git`, `.` or `..`, is no UTF-8, has control characters or
        stands twice in its folder, a mode that git does not know, and a tree over a bound.
        `airlock status` says why, and a commit on top that mends it is followed.

        """

    private static let bounds = """
        ## Bounds

        | of one file | at most |
        |---|---|
        | size | \(ManifestLimits.bytes) bytes |
        | values, with aliases counted each time they are used | \(ManifestLimits.nodes) |
        | uses of aliases | \(ManifestLimits.aliases) |
        | values that its aliases could stand for, however they nest | \(ManifestLimits.aliasGrowth) |
        | commas, colons, dashes of lists, opening brackets and line ends | \(ManifestLimits.separators) |
        | places at which a list or a mapping could be a key (`?`, `]:`, `}:`) | \(ManifestLimits.questionMarks) |
        | nesting | \(ManifestLimits.depth) levels |
        | one text | \(ManifestLimits.textCharacters) characters |

        All files of a commit together hold at most \(ManifestLimits.fleetBytes) bytes; one with more is not taken.

        A file is UTF-8 and one YAML document. Directives other than `%YAML`, tags (`!name`), merge keys
        (`<<`) and keys that are not plain words are refused, and so is a key that stands twice in one
        mapping. Symbolic links and submodules under these paths are refused by name and never followed.

        """

    private static func section(_ kind: ManifestKind) -> String {
        var text = "## \(kind.rawValue): `\(kind.path)`\n\n\(kind.sentence)\n\n"
        text += "| key | value | | meaning | example |\n|---|---|---|---|---|\n"
        for row in rows(kind.record, under: "") { text += row + "\n" }
        let lines = kind.record.keys.filter(\.isEnforced).map { "\($0.name): \($0.example)\n" }
        text += "\n```yaml\n\(lines.joined())```\n"
        let later = self.later(kind.record, under: "")
        if !later.isEmpty {
            text += "\nReserved, and refused by this version: \(later.joined(separator: ", ")).\n"
        }
        return text
    }

    private static func rows(_ record: Record, under prefix: String) -> [String] {
        let others = record.others.map { [$0.key] } ?? []
        return (record.keys.filter(\.isEnforced) + others).flatMap { key -> [String] in
            let name = prefix + key.name
            let row = [
                "`\(name)`", noun(key.shape), key.isRequired ? "required" : "", key.sentence,
                "`\(key.example)`",
            ]
            let cells = row.map { $0.replacing("|", with: "\\|") }
            return ["| \(cells.joined(separator: " | ")) |"] + nested(key.shape, under: name)
        }
    }

    private static func nested(_ shape: Shape, under name: String) -> [String] {
        switch shape {
        case .text, .scalar, .integer, .command: []
        case .list(let item, _): nested(item, under: name + "[]")
        case .record(let record), .either(_, let record): rows(record, under: name + ".")
        case .table(_, let value): nested(value, under: name + ".*")
        }
    }

    private static func later(_ record: Record, under prefix: String) -> [String] {
        record.keys.flatMap { key -> [String] in
            if !key.isEnforced { return ["`\(prefix)\(key.name)`"] }
            return switch key.shape {
            case .record(let inner), .either(_, let inner):
                later(inner, under: "\(prefix)\(key.name).")
            case .text, .scalar, .integer, .list, .command, .table: []
            }
        }
    }

    private static func noun(_ shape: Shape) -> String {
        switch shape {
        case .text(let form): form.noun
        case .scalar: "a text, number or boolean"
        case .integer(let range):
            range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        case .list(let item, _): "a list, each \(noun(item))"
        case .command: "a program and its arguments"
        case .table(let key, let value): "a mapping from \(key.noun) to \(noun(value))"
        case .record: "a mapping"
        case .either(let other, _): "\(noun(other)), or a mapping"
        }
    }
}
