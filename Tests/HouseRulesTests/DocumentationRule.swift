/// Every `package` or `public` declaration, and every requirement of a protocol, says what it is.
///
/// Three kinds need no words of their own. A stored property of a documented type is described by
/// its name and type, and gets a comment where they do not tell the unit, what nil means or what
/// bites: a rule can ask for words, not for sense, and "the lane" above `lane` is noise. A witness is described by its requirement: in a type or
/// extension that names a conformance, the requirements of the standard library listed here and of
/// our own protocols. An initialiser that only assigns its arguments is described by the properties.
struct DocumentationRule {
    /// Names of the requirements of our own protocols, by protocol.
    let requirements: [String: Set<String>]

    private static let standardRequirements: Set = [
        "description", "debugDescription", "hash", "==", "<", "+", "-", "encode", "init(from",
        "init(stringValue", "init(intValue", "intValue", "stringValue", "codingKey",
        "init(codingKey", "init(argument", "unownedExecutor", "rawValue", "init(rawValue",
        "allCases", "makeIterator",
        "makeAsyncIterator", "next", "run", "configuration", "validate",
    ]
    private static let modifiers: Set<Substring> = [
        "static", "final", "nonisolated", "nonisolated(unsafe)", "mutating", "lazy", "weak",
        "indirect", "override", "convenience", "required", "private(set)", "fileprivate(set)",
        "internal(set)", "consuming", "borrowing", "isolated", "distributed", "unowned",
    ]
    private static let functionWords: Set<Substring> = [
        "func", "init", "var", "let", "case", "subscript", "deinit",
    ]
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "typealias", "func", "init", "let", "var",
        "subscript", "associatedtype",
    ]

    init(protocolsIn files: [SwiftText]) {
        var names: [String: Set<String>] = [:]
        var parents: [String: [String]] = [:]
        for file in files {
            for (line, scope) in zip(file.code, Self.scopes(of: file)) {
                guard let port = Self.protocolName(scope) else { continue }
                parents[port] = WordRule.words(of: scope[...]).dropFirst(2).map(String.init)
                guard let found = Self.declaration(in: line, needsAccess: false) else { continue }
                names[port, default: []].insert(found.name)
            }
        }
        // A protocol asks for what its parents ask for; three rounds reach great-grandparents.
        for _ in 0..<3 {
            for (port, above) in parents {
                for parent in above { names[port, default: []].formUnion(names[parent] ?? []) }
            }
        }
        requirements = names
    }

    func violations(in file: SwiftText) -> [Violation] {
        let scopes = Self.scopes(of: file)
        let assigning = Set(Function.all(in: file).filter(Self.onlyAssigns).map(\.line))
        return file.code.indices.compactMap { index in
            let scope = scopes[index]
            let isRequirement = Self.protocolName(scope) != nil
            guard
                let found = Self.declaration(in: file.code[index], needsAccess: !isRequirement),
                !Self.isDocumented(index, in: file),
                isRequirement
                    || !isWitness(found.name, in: scope)
                        && !Self.isStored(found.kind, file.code[index]),
                !(found.kind == "init" && assigning.contains(index + 1))
            else { return nil }
            return Violation(
                path: file.path, line: index + 1,
                what: "\(found.kind) \(found.name) has no doc comment")
        }
    }

    /// Whether `scope` names a conformance that asks for `name`, or extends one of our protocols.
    private func isWitness(_ name: String, in scope: String) -> Bool {
        let ours = WordRule.words(of: scope[...]).compactMap { requirements[String($0)] }
        return ours.contains { $0.contains(name) }
            || (!ours.isEmpty || scope.contains(":")) && Self.standardRequirements.contains(name)
    }

    private static func isStored(_ kind: String, _ line: Substring) -> Bool {
        (kind == "let" || kind == "var") && !line.contains("{") && !line.contains(" static ")
    }

    private static func protocolName(_ scope: String) -> String? {
        let words = WordRule.words(of: scope[...])
        return words.first == "protocol" ? words.dropFirst().first.map(String.init) : nil
    }

    /// What a line declares; nil when it declares nothing that others see.
    private static func declaration(
        in line: Substring, needsAccess: Bool
    ) -> (kind: String, name: String)? {
        var words = line.split(separator: " ")[...]
        while let first = words.first, first.hasPrefix("@") { words = words.dropFirst() }
        let access: Set<Substring> = ["public", "package", "open"]
        if needsAccess {
            guard let first = words.first, access.contains(first) else { return nil }
            words = words.dropFirst()
        }
        while let first = words.first, modifiers.contains(first) || first.hasPrefix("@") {
            words = words.dropFirst()
        }
        guard let first = words.first else { return nil }
        let kind = first.prefix { $0.isLetter }
        guard kinds.contains(kind) else { return nil }
        if kind == "init" || kind == "subscript" {
            let rest = words.joined(separator: " ")
            let name = rest.prefix { !" :)".contains($0) }.replacing("init?", with: "init")
            return (String(kind), String(name))
        }
        guard let name = words.dropFirst().first else { return nil }
        let isOperator = name.first.map { !$0.isLetter && !"_`".contains($0) } ?? false
        return (
            String(kind), isOperator ? String(name) : String(name.prefix { !"(:<{=".contains($0) })
        )
    }

    private static func isDocumented(_ index: Int, in file: SwiftText) -> Bool {
        var above = index - 1
        while above >= 0, file.lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
        guard above >= 0 else { return false }
        return file.lines[above].drop { $0 == " " }.hasPrefix("///")
    }

    /// `init(a: A) { self.a = a }` and its longer kin; never one that can fail.
    private static func onlyAssigns(_ function: Function) -> Bool {
        let effects = function.header.split(separator: ")").last ?? ""
        guard function.header.hasPrefix("init("), !effects.contains("throws") else { return false }
        return function.body.split(whereSeparator: \.isNewline).allSatisfy { line in
            let words = line.split(separator: " ")
            return words.isEmpty || words.count >= 3 && words[1] == "="
        }
    }

    /// For each line, the header of the innermost declaration with braces that it stands in.
    static func scopes(of file: SwiftText) -> [String] {
        var scopes: [String] = []
        var stack: [String] = []
        var header = ""
        let isBrace: (Character) -> Bool = { $0 == "{" || $0 == "}" }
        for line in file.code {
            scopes.append(stack.last ?? "")
            for piece in line.split(omittingEmptySubsequences: false, whereSeparator: isBrace) {
                header.append(contentsOf: piece)
                guard piece.endIndex < line.endIndex else { continue }
                if line[piece.endIndex] == "{" {
                    stack.append(typeHeader(header))
                } else {
                    _ = stack.popLast()
                }
                header = ""
            }
            header.append(" ")
        }
        return scopes
    }

    /// From the last word that declares a type; empty for the header of a function.
    private static func typeHeader(_ text: String) -> String {
        let words = text.split(separator: " ")
        let types: Set<Substring> = ["struct", "class", "enum", "actor", "extension", "protocol"]
        guard
            let place = words.lastIndex(where: { types.contains($0) }),
            !words[place...].contains(where: { functionWords.contains($0.prefix { $0.isLetter }) })
        else { return "" }
        return words[place...].joined(separator: " ")
    }
}
