package import AirlockModel

/// Puts artifact, version and configuration of a release file to what they shall be, line by line:
/// comments, order, spelling and every other key stay as they are.
package struct ReleaseEdit: Sendable {
    /// What the file shall say afterwards.
    package struct Wanted: Hashable, Sendable {
        package let artifact: ArtifactReference
        package let version: String?
        package let config: [String: DesiredConfigValue]

        package init(
            artifact: ArtifactReference, version: String?, config: [String: DesiredConfigValue]
        ) {
            self.artifact = artifact
            self.version = version
            self.config = config
        }
    }

    /// Why there is no such file.
    package enum Failure: Error, Hashable, Sendable {
        /// The file cannot be read as a release as it is.
        case unreadable(String)
        /// It says that already.
        case nothingToDo
        /// It is written in a way that cannot be edited by lines.
        case notByLines
    }

    /// Whether a file says this; nil when it cannot be read.
    ///
    /// - Parameter besidesVersion: The version may be any: it names the artifact and decides nothing.
    package static func says(
        _ file: [UInt8], _ wanted: Wanted, besidesVersion: Bool = false
    ) -> Bool? {
        do throws(Failure) {
            let found = try release(file)
            return found.artifact == wanted.artifact && found.config == wanted.config
                && (besidesVersion || found.version == wanted.version)
        } catch { return nil }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var lines: [String]
    /// Lines that are replaced by these, by their number from 0; nothing deletes the line.
    private var changes: [Int: [String]] = [:]

    /// The bytes of the file after the edit.
    ///
    /// What comes out is read again and compared, so a wrong edit is a failure and never a file.
    package static func bytes(
        of file: [UInt8], saying wanted: Wanted
    ) throws(Failure) -> [UInt8] {
        // A byte order mark is no column of the first line, and stays.
        if file.starts(with: byteOrderMark) {
            let rest = Array(file.dropFirst(byteOrderMark.count))
            return byteOrderMark + (try bytes(of: rest, saying: wanted))
        }
        let before = try release(file)
        if says(file, wanted) == true { throw .nothingToDo }
        let root: Document.Value
        var duplicates = DuplicateKeys()
        do throws(Problem) { root = try Document(file, duplicates: &duplicates).root } catch {
            throw .unreadable(error.problem)
        }
        var edit = ReleaseEdit(
            lines: file.split(separator: 0x0A, omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            })
        guard edit.apply(wanted, to: root, before) else { throw .notByLines }
        let after = Array(edit.text.utf8)
        var expected = before
        expected.artifact = wanted.artifact
        expected.version = wanted.version
        expected.config = wanted.config
        do throws(Failure) {
            guard try release(after) == expected else { throw .notByLines }
        } catch { throw .notByLines }
        return after
    }

    private init(lines: [String]) { self.lines = lines }

    private static func release(_ file: [UInt8]) throws(Failure) -> Release {
        let (value, problems) = DecodedDocument.read(file, as: .release)
        guard case .release(let release)? = value else {
            throw .unreadable(problems.first?.problem ?? "it is no release")
        }
        return release
    }

    private var text: String {
        lines.indices.flatMap { changes[$0] ?? [lines[$0]] }.joined(separator: "\n")
    }

    // MARK: Editing

    /// Notes every change; false when the file is not laid out in lines.
    private mutating func apply(
        _ wanted: Wanted, to root: Document.Value, _ before: Release
    ) -> Bool {
        guard root.pairs.allSatisfy({ $0.place.column == 1 }),
            let artifact = root.pairs.first(where: { $0.key == "artifact" })
        else { return false }
        let anchor = body(of: artifact).upperBound - 1
        if before.artifact != wanted.artifact,
            !replace(artifact, with: wanted.artifact.description)
        {
            return false
        }
        if before.version != wanted.version {
            let pair = root.pairs.first { $0.key == "version" }
            switch (pair, wanted.version) {
            case (let pair?, let version?):
                guard replace(pair, with: spelled(version, like: pair)) else { return false }
            case (let pair?, nil): remove(pair)
            case (nil, let version?): append("version: \(Self.spelled(version))", after: anchor)
            case (nil, nil): break
            }
        }
        guard before.config != wanted.config else { return true }
        guard let config = root.pairs.first(where: { $0.key == "config" }) else {
            append("config:", after: anchor)
            for (key, value) in wanted.config.sorted(by: { $0.key < $1.key }) {
                append("  \(key): \(Self.spelled(value))", after: anchor)
            }
            return true
        }
        return apply(wanted.config, to: config, before.config)
    }

    /// The table of configuration: key by key where each has its line, else as a whole.
    private mutating func apply(
        _ wanted: [String: DesiredConfigValue], to config: Document.Pair,
        _ before: [String: DesiredConfigValue]
    ) -> Bool {
        let pairs = config.value.pairs
        guard let first = pairs.first, first.place.line > config.place.line else {
            let spelled = wanted.sorted { $0.key < $1.key }
                .map { "\($0.key): \(Self.spelled($0.value))" }
            return replace(config, with: "{\(spelled.joined(separator: ", "))}")
        }
        if wanted.isEmpty {
            changes[config.place.line - 1] = []
        }
        for pair in pairs {
            guard let value = wanted[pair.key] else {
                guard pair.value.place.line == pair.place.line else { return false }
                remove(pair)
                continue
            }
            guard before[pair.key] != value else { continue }
            if case .plain(let text) = value, fill(pair, with: text) { continue }
            if !replace(pair, with: spelled(value, like: pair)) { return false }
        }
        let indent = String(repeating: " ", count: first.place.column - 1)
        let last = pairs.map { body(of: $0).upperBound }.max() ?? first.place.line
        for (key, value) in wanted.sorted(by: { $0.key < $1.key }) where before[key] == nil {
            append("\(indent)\(key): \(Self.spelled(value))", after: last - 1)
        }
        return true
    }

    private mutating func append(_ line: String, after index: Int) {
        // Lines that end as Windows ends them are joined by others that do.
        let end = lines[index].unicodeScalars.last == "\r" ? "\r" : ""
        changes[index, default: [lines[index]]].append(line + end)
    }

    /// The lines below the one on which a value begins that are its own: those of a block (`|` or `>`), without the
    /// blank ones at its end. Empty for any other value.
    private func body(of pair: Document.Pair) -> Range<Int> {
        let start = pair.value.place.line
        guard isBlock(pair) else { return start..<start }
        var (end, least) = (start, pair.place.column)
        for index in start..<max(start, lines.count) {
            let indent = lines[index].unicodeScalars.prefix { $0 == " " }.count
            let isEmpty = lines[index].unicodeScalars.allSatisfy { Self.isBlank($0) || $0 == "\r" }
            guard isEmpty || indent >= least else { break }
            // What is less indented than the first line is a comment behind the block.
            if !isEmpty, end == start { least = indent }
            if !isEmpty { end = index + 1 }
        }
        return start..<end
    }

    private func isBlock(_ pair: Document.Pair) -> Bool {
        let line = Array(lines[pair.value.place.line - 1].unicodeScalars)
        let start = pair.value.place.column - 1
        return start < line.count && (line[start] == "|" || line[start] == ">")
    }

    /// Puts a text of whole lines, such as a certificate, into a literal block; false where it does not fit there.
    private mutating func fill(_ pair: Document.Pair, with text: String) -> Bool {
        let body = body(of: pair)
        let header = lines[pair.value.place.line - 1].unicodeScalars
            .dropFirst(pair.value.place.column - 1)
        guard header.first == "|", header.dropFirst().first.map(Self.isBlank) ?? true,
            header.last != "\r", let first = body.first(where: { !lines[$0].isEmpty }),
            text.hasSuffix("\n"), !text.hasSuffix("\n\n")
        else { return false }
        let parts = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        let isPrintable = parts.allSatisfy { part in
            part.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F }
        }
        guard isPrintable, parts.first?.isEmpty == false, parts.first?.first != " " else {
            return false
        }
        let indent = lines[first].unicodeScalars.prefix { $0 == " " }
        for index in body { changes[index] = [] }
        changes[first] = parts.map { $0.isEmpty ? "" : String(indent) + $0 }
        return true
    }

    private mutating func remove(_ pair: Document.Pair) {
        for index in [pair.place.line - 1] + Array(body(of: pair)) { changes[index] = [] }
    }

    /// Replaces a value that begins and ends on one line, or is a block; what follows it, such as a comment, stays.
    private mutating func replace(_ pair: Document.Pair, with text: String) -> Bool {
        let value = pair.value
        let index = value.place.line - 1
        guard lines.indices.contains(index) else { return false }
        let line = Array(lines[index].unicodeScalars)
        let start = value.place.column - 1
        guard start < line.count, let end = Self.end(of: line, from: start) else { return false }
        var new = String.UnicodeScalarView()
        new.append(contentsOf: line[..<start])
        new.append(contentsOf: text.unicodeScalars)
        new.append(contentsOf: line[end...])
        changes[index] = [String(new)]
        for index in body(of: pair) { changes[index] = [] }
        return true
    }

    /// Where the value that begins at `start` ends: behind its quote or bracket, or before a comment.
    private static func end(of line: [Unicode.Scalar], from start: Int) -> Int? {
        var (quote, depth, index): (Unicode.Scalar?, Int, Int) = (nil, 0, start)
        let isPlain = !["\"", "'", "{", "["].contains(line[start])
        while index < line.count {
            let scalar = line[index]
            if let open = quote {
                if open == "\"", scalar == "\\" { index += 1 }
                if scalar == open { quote = nil }
            } else if isPlain {
                if scalar == "#", index > start, isBlank(line[index - 1]) { break }
            } else {
                switch scalar {
                case "\"", "'": quote = scalar
                case "{", "[": depth += 1
                case "}", "]": depth -= 1
                default: break
                }
            }
            index += 1
            if !isPlain, quote == nil, depth == 0 { return index }
        }
        guard isPlain else { return nil }
        while index > start, isBlank(line[index - 1]) || line[index - 1] == "\r" { index -= 1 }
        return index
    }

    /// What YAML has between a value and its comment.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t"
    }

    // MARK: Spelling

    /// In the quotes that stand there: to other readers of the file `"2.0"` is no number, and stays none.
    private func spelled(_ value: DesiredConfigValue, like old: Document.Pair) -> String {
        switch value {
        case .plain(let text): spelled(text, like: old)
        case .secret: Self.spelled(value)
        }
    }

    private func spelled(_ text: String, like old: Document.Pair) -> String {
        let line = Array(lines[old.value.place.line - 1].unicodeScalars)
        let start = old.value.place.column - 1
        let isControlled = text.unicodeScalars.contains { $0.value < 0x20 }
        switch start < line.count ? line[start] : nil {
        case "'" where !isControlled:
            return "'" + text.replacing("'", with: "''") + "'"
        case "'", "\"": return Self.quoted(text)
        default: return Self.spelled(text)
        }
    }

    private static func spelled(_ value: DesiredConfigValue) -> String {
        switch value {
        case .plain(let text): spelled(text)
        case .secret(let name): "{secret: \(name)}"
        }
    }

    /// A scalar without quotes where YAML reads the same text, else with them.
    private static func spelled(_ text: String) -> String {
        let isSafe =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte)
                    || [0x2D, 0x2E, 0x2F, 0x5F, 0x2B].contains(byte)
            } && text.utf8.first != 0x2D
        let isSpelledSo = ["~", "null", "Null", "NULL"].contains(text)
        return isSafe && !isSpelledSo ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default:
                if scalar.value < 0x20 {
                    quoted +=
                        "\\x" + (scalar.value < 16 ? "0" : "")
                        + String(scalar.value, radix: 16)
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
