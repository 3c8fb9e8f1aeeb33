internal import Yams

extension Document {
    /// Reads one YAML document.
    ///
    /// Composing shares what aliases name; expanding them is bounded by ``ManifestLimits``.
    /// - Throws: The ``Problem`` with the place where reading stopped, or the bound exceeded.
    package init(_ bytes: [UInt8]) throws(Problem) {
        var duplicates = DuplicateKeys()
        try self.init(bytes, duplicates: &duplicates)
        if let first = duplicates.problems.first { throw first }
    }

    /// Reads one YAML document past keys that are given more than once; the last one counts.
    ///
    /// - Parameter duplicates: Gets the others; their values have keys that no file has.
    /// - Throws: The ``Problem`` with the place where reading stopped, or the bound exceeded.
    init(_ bytes: [UInt8], duplicates: inout DuplicateKeys) throws(Problem) {
        guard bytes.count <= ManifestLimits.bytes else {
            throw Problem(
                nil,
                "the file has more than \(ManifestLimits.bytes) bytes, which is the limit",
                "split it, or move what is not configuration elsewhere")
        }
        if let offset = Self.firstInvalidByte(bytes) {
            throw Problem(
                Self.place(of: offset, in: bytes), "this byte is not valid UTF-8",
                "save the file as UTF-8")
        }
        try DocumentScan.refuseHazards(bytes)
        // libyaml would count a byte order mark as a column and take the second line for less indented.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
        let composed = try Self.compose(String(decoding: text, as: UTF8.self), &duplicates)
        guard let composed else {
            throw Problem(
                Place(line: 1, column: 1), "the file is empty", "describe it, or delete the file")
        }
        var expansion = Expansion()
        root = try expansion.value(of: composed, depth: 1, startsContainer: true)
    }

    private static func compose(
        _ text: String, _ duplicates: inout DuplicateKeys
    ) throws(Problem) -> Node? {
        var text = text
        while true {
            do {
                // The default encoding is read from the environment, the default resolver runs seven
                // regular expressions over every key, and the default constructor makes tables for
                // values that are never constructed here.
                return try Yams.compose(yaml: text, .basic, Constructor([:], [:], [:]), .utf8)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let keys = keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
                try duplicates.setAside(
                    Problem(
                        Place(context.mark), "\(keys) is given more than once in this mapping",
                        "keep one of them"), in: &text)
            } catch let error as YamlError {
                throw problem(of: error, in: text)
            } catch {
                throw Problem(nil, "the file cannot be read as YAML: \(error)")
            }
        }
    }

    private static func problem(of error: YamlError, in text: String) -> Problem {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            if problem.contains("cannot start any token") {
                return unstartable(Place(mark), in: text)
            }
            return syntax(context: context?.text, problem: problem, at: Place(mark))
        case .reader(let problem, _, _, _):
            return Problem(nil, "the file holds a character that YAML forbids: \(problem)")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded,
            .duplicatedKeysInMapping:
            return Problem(nil, "the file cannot be read as YAML: \(error)")
        }
    }

    private static func syntax(context: String?, problem: String, at place: Place) -> Problem {
        if problem.contains("found another document") {
            return Problem(
                place, "a second document starts here, and a file holds one",
                "delete the `---` or move what follows into a file of its own")
        }
        return Problem(
            place, "not valid YAML: \(context.map { "\($0): " } ?? "")\(problem)")
    }

    /// What is wrong with a value or a line that begins with a character that none may begin with.
    private static func unstartable(_ place: Place, in text: String) -> Problem {
        let line =
            text.split(separator: "\n", omittingEmptySubsequences: false)
            .dropFirst(place.line - 1).first ?? ""
        let found = line.unicodeScalars.dropFirst(place.column - 1).first
        if found == "\t" {
            return Problem(place, "a tab stands where the line begins", "indent with spaces")
        }
        let name = found.map { "`\($0)`" } ?? "this character"
        return Problem(place, "a text cannot begin with \(name)", "put the text in quotes")
    }

    /// The offset of the first byte that is not part of a UTF-8 character; nil when all are.
    private static func firstInvalidByte(_ bytes: [UInt8]) -> Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }

    /// The place of the byte at `offset`; columns count characters.
    static func place(of offset: Int, in bytes: [UInt8]) -> Place {
        let before = bytes[..<offset]
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return Place(
            line: before.count { $0 == 0x0A } + 1,
            column: bytes[start..<offset].count { $0 & 0xC0 != 0x80 } + 1)
    }
}

extension Document.Place {
    fileprivate init(_ mark: Mark?) {
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    /// Whether this place comes before `other` in the file.
    fileprivate func precedes(_ other: Self) -> Bool {
        (line, column) < (other.line, other.column)
    }
}

/// Turns composed nodes into values and counts what that takes.
private struct Expansion {
    private var nodes = 0
    private var aliases = 0
    /// The furthest place seen; a node before it, or at it without having just been entered, was
    /// reached through an alias.
    private var furthest = Document.Place(line: 0, column: 0)

    mutating func value(
        of node: Node, depth: Int, startsContainer: Bool, inAlias: Bool = false
    ) throws(Problem) -> Document.Value {
        let place = Document.Place(node.mark)
        let isAlias =
            !inAlias && (place.precedes(furthest) || (place == furthest && !startsContainer))
        try count(isAlias: isAlias, depth: depth, at: place)
        let inAlias = inAlias || isAlias
        switch node {
        case .scalar(let scalar):
            try Self.refuseTag(scalar.tag, at: place)
            let text = scalar.string
            guard text.utf8.count <= ManifestLimits.textCharacters * 4,
                text.unicodeScalars.count <= ManifestLimits.textCharacters
            else {
                throw Problem(
                    place, "the text is longer than \(ManifestLimits.textCharacters) characters")
            }
            return Document.Value(
                place: place, content: .scalar(text, isPlain: scalar.style == .plain))
        case .sequence(let sequence):
            try Self.refuseTag(sequence.tag, at: place)
            var items: [Document.Value] = []
            for (index, item) in sequence.enumerated() {
                items.append(
                    try value(
                        of: item, depth: depth + 1, startsContainer: index == 0, inAlias: inAlias))
            }
            return Document.Value(place: place, content: .list(items))
        case .mapping(let mapping):
            try Self.refuseTag(mapping.tag, at: place)
            return Document.Value(
                place: place,
                content: .mapping(try pairs(of: mapping, depth: depth, inAlias: inAlias)))
        case .alias:
            throw Problem(place, "an alias that cannot be followed")
        }
    }

    private mutating func pairs(
        of mapping: Node.Mapping, depth: Int, inAlias: Bool
    ) throws(Problem) -> [Document.Pair] {
        var pairs: [Document.Pair] = []
        for (index, pair) in mapping.enumerated() {
            let key = try value(
                of: pair.key, depth: depth + 1, startsContainer: index == 0, inAlias: inAlias)
            guard let name = key.text else {
                throw Problem(key.place, "a key that is \(key.sort.noun)", "keys are plain words")
            }
            if name == "<<" {
                throw Problem(
                    key.place, "merge keys (`<<`) are not part of the format",
                    "write the keys out, or use an alias for a whole value")
            }
            pairs.append(
                Document.Pair(
                    key: name, place: key.place,
                    value: try value(
                        of: pair.value, depth: depth + 1, startsContainer: false, inAlias: inAlias))
            )
        }
        return pairs
    }

    private mutating func count(isAlias: Bool, depth: Int, at place: Document.Place) throws(Problem)
    {
        if furthest.precedes(place) { furthest = place }
        nodes += 1
        aliases += isAlias ? 1 : 0
        guard nodes <= ManifestLimits.nodes else {
            throw Problem(
                place, "the file has more than \(ManifestLimits.nodes) values, aliases expanded")
        }
        guard aliases <= ManifestLimits.aliases else {
            throw Problem(place, "the file uses aliases more than \(ManifestLimits.aliases) times")
        }
        guard depth <= ManifestLimits.depth else {
            throw DocumentScan.tooDeep(place)
        }
    }

    private static func refuseTag(_ tag: Tag, at place: Document.Place) throws(Problem) {
        switch tag.rawValue {
        case "", "!", Tag.Name.str.rawValue, Tag.Name.seq.rawValue, Tag.Name.map.rawValue: return
        default:
            throw Problem(
                place, "tags such as `\(shortened(tag.rawValue))` are not part of the format")
        }
    }
}
