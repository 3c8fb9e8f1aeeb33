/// Compares a document with a shape and collects everything that differs.
struct ShapeCheck {
    private(set) var problems: [Problem] = []

    /// Checks the whole of `document`.
    mutating func check(_ document: Document, against kind: ManifestKind) {
        check(document.root, is: .record(kind.record), named: kind.noun)
    }

    /// - Parameter example: A right value in one line of YAML; empty where the format has none.
    private mutating func check(
        _ value: Document.Value, is shape: Shape, named name: String, example: String = ""
    ) {
        guard problems.count < ManifestLimits.diagnosticsPerFile else { return }
        switch shape {
        case .text(let form): checkText(value, form, name)
        case .scalar:
            if ![.text, .integer, .number, .boolean].contains(value.sort) {
                report(
                    value, "\(name) must be a text, but is \(value.sort.noun)",
                    value.sort == .null ? "write \"\" for an empty text" : nil)
            }
        case .integer(let range):
            let right = example.isEmpty ? "\(range.lowerBound)" : example
            checkInteger(value, range, name, advice: "write \(right)")
        case .list(let item, let minimum): checkList(value, item, minimum, name)
        case .command: checkCommand(value, name)
        case .table(let form, let item): checkTable(value, form, item, name)
        case .record(let record): checkRecord(value, record, name)
        case .either(let other, let record):
            if value.sort == .mapping {
                checkRecord(value, record, name)
            } else {
                checkPlain(value, other, record, name, example)
            }
        }
    }

    /// Checks what may be a mapping and is none.
    private mutating func checkPlain(
        _ value: Document.Value, _ other: Shape, _ record: Record, _ name: String,
        _ example: String
    ) {
        if let text = value.text, let key = record.byName[text], !key.isEnforced {
            problems.append(Self.unenforced(key, at: value.place))
        } else if case .integer(let range) = other {
            let keys = record.keys.filter(\.isEnforced).map { "\($0.name): \($0.example)" }
            checkInteger(
                value, range, name,
                advice: "write \(example) or {\(keys.joined(separator: ", "))}")
        } else {
            check(value, is: other, named: name, example: example)
        }
    }

    private mutating func report(_ value: Document.Value, _ problem: String, _ advice: String?) {
        problems.append(Problem(value.place, problem, advice))
    }

    private mutating func checkText(_ value: Document.Value, _ form: Form, _ name: String) {
        guard let text = value.text, value.sort != .null else {
            return report(
                value, "\(name) must be \(form.noun), but is \(value.sort.noun)", form.advice)
        }
        let isNumber =
            !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        if isNumber, let advice = form.unitAdvice(for: text) {
            return report(value, "\(name) is the number \(text) without a unit", advice)
        }
        let isNumeral =
            form.allowsInteger && value.sort == .integer || form == .number && value.sort == .number
        if value.sort != .text, !isNumeral {
            let advice = form.accepts(text) ? "put it in quotes: \"\(text)\"" : form.advice
            return report(value, "\(name) must be \(form.noun), but is \(value.sort.noun)", advice)
        }
        if form.accepts(text) { return }
        if case .choice(let words) = form, let near = NearestName.of(text, among: words) {
            return report(
                value, "\(name) cannot be `\(shortened(text))`",
                "did you mean `\(near)`? \(form.advice)")
        }
        if form.isTooLong(text) {
            return report(
                value,
                "`\(shortened(text))` is too large: a number has at most \(Quantity.digitLimit) "
                    + "digits before its unit", form.advice)
        }
        report(value, "`\(shortened(text))` is not \(form.noun)", form.advice)
    }

    private mutating func checkInteger(
        _ value: Document.Value, _ range: ClosedRange<Int>, _ name: String, advice: String
    ) {
        let wanted =
            range.count == 1
            ? "\(range.lowerBound)"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard value.sort == .integer, let text = value.text else {
            let isQuoted = value.text.flatMap { Int($0) } != nil
            return report(
                value, "\(name) must be \(wanted), but is \(value.sort.noun)",
                isQuoted ? "write it without quotes" : advice)
        }
        guard let number = Self.decimal(text), range.contains(number) else {
            return report(value, "\(name) must be \(wanted), but is \(shortened(text))", nil)
        }
    }

    private mutating func checkList(
        _ value: Document.Value, _ item: Shape, _ minimum: Int, _ name: String
    ) {
        guard value.sort == .list else {
            return report(
                value, "\(name) must be a list, but is \(value.sort.noun)", "write [first, second]")
        }
        if value.items.count < minimum {
            report(value, "\(name) is empty", "name at least \(minimum)")
        }
        var seen: Set<String> = []
        for entry in value.items {
            check(entry, is: item, named: "an entry of \(name)")
            if let text = entry.text, !seen.insert(text).inserted {
                report(entry, "`\(shortened(text))` stands twice in \(name)", "keep one")
            }
        }
    }

    private mutating func checkCommand(_ value: Document.Value, _ name: String) {
        guard value.sort == .list else {
            let words = value.text?.split(separator: " ").joined(separator: ", ")
            return report(
                value, "\(name) must be a list, but is \(value.sort.noun)",
                "write [\(shortened(words ?? "/app/selftest, --quick"))]")
        }
        guard let program = value.items.first else {
            return report(value, "\(name) is empty", "write [/app/selftest]")
        }
        if program.text?.isEmpty == true {
            report(program, "the program of \(name) is empty", "write [/app/selftest]")
        }
        for word in value.items { check(word, is: .scalar, named: "a word of \(name)") }
    }

    private mutating func checkTable(
        _ value: Document.Value, _ form: Form, _ item: Shape, _ name: String
    ) {
        guard value.sort == .mapping else {
            return report(
                value, "\(name) must be a mapping, but is \(value.sort.noun)",
                "write key: value, or {} for none")
        }
        for pair in value.pairs {
            if !form.accepts(pair.key) {
                problems.append(
                    Problem(
                        pair.place,
                        "the key `\(shortened(pair.key))` in \(name) is not \(form.noun)",
                        form.advice))
            }
            check(pair.value, is: item, named: "`\(shortened(pair.key))`")
        }
    }

    private mutating func checkRecord(_ value: Document.Value, _ record: Record, _ name: String) {
        guard value.sort == .mapping else {
            let keys = record.keys.filter(\.isEnforced).map { "\($0.name):" }.joined(
                separator: ", ")
            return report(
                value, "\(name) must be a mapping, but is \(value.sort.noun)",
                keys.isEmpty ? "write {}" : "give its keys: \(keys)")
        }
        var given: Set<String> = []
        for pair in value.pairs {
            guard problems.count < ManifestLimits.diagnosticsPerFile else { return }
            given.insert(pair.key)
            guard let key = record.key(pair.key) else {
                problems.append(Self.unknown(pair, in: record, name))
                continue
            }
            guard key.isEnforced else {
                problems.append(Self.unenforced(key, at: pair.place))
                continue
            }
            let before = problems.count
            check(pair.value, is: key.shape, named: "`\(pair.key)`", example: key.example)
            if problems.count > before, Self.isMisspelled(pair, in: record) {
                problems.removeSubrange(before...)
                problems.append(Self.unknown(pair, in: record, name))
            }
        }
        for key in record.keys where key.isRequired && !given.contains(key.name) {
            report(
                value, "`\(key.name)` is missing in \(name)", "add `\(key.name): \(key.example)`")
        }
        if let first = record.oneOf.first, given.isDisjoint(with: record.oneOf) {
            let words = record.oneOf.map { "`\($0)`" }.joined(separator: " or ")
            report(
                value, "\(words) is missing in \(name)",
                "add `\(first): \(record.byName[first]?.example ?? "")`")
        }
        if given.count < record.minimum {
            report(
                value, "\(name) is empty",
                "give at least one of \(record.keys.map { "`\($0.name)`" }.joined(separator: ", "))"
            )
        }
    }

    /// Whether a key of the user's choice has the value of a key of the format with nearly that name.
    private static func isMisspelled(_ pair: Document.Pair, in record: Record) -> Bool {
        guard record.byName[pair.key] == nil,
            let near = NearestName.of(pair.key, among: record.keys.map(\.name)),
            let meant = record.byName[near]
        else { return false }
        var check = ShapeCheck()
        check.check(pair.value, is: meant.shape, named: near)
        return check.problems.isEmpty
    }

    private static func unenforced(_ key: Record.Key, at place: Document.Place) -> Problem {
        Problem(
            place, "this version cannot enforce `\(key.name)`",
            "remove it: a rule that is not enforced must not look as if it were")
    }

    private static func unknown(
        _ pair: Document.Pair, in record: Record, _ name: String
    ) -> Problem {
        let advice: String? =
            if let reason = record.absent[pair.key] {
                reason
            } else if let near = NearestName.of(pair.key, among: record.keys.map(\.name)) {
                "did you mean `\(near)`?"
            } else {
                record.keys.isEmpty
                    ? "it has no keys"
                    : "the keys here are "
                        + record.keys.filter(\.isEnforced).map { "`\($0.name)`" }.joined(
                            separator: ", ")
            }
        return Problem(pair.place, "unknown key `\(shortened(pair.key))` in \(name)", advice)
    }

    /// Digits with a sign only: other spellings of a whole number are not part of the format.
    private static func decimal(_ text: String) -> Int? { Int(text) }
}

/// At most 60 Unicode scalars of `text` in one line: one character can have any number of them.
func shortened(_ text: String) -> String {
    let start = String(text.unicodeScalars.prefix(60))
    let line = String(start.map { $0.isNewline ? " " : $0 })
    return text.unicodeScalars.count > 60 ? line + "…" : line
}
