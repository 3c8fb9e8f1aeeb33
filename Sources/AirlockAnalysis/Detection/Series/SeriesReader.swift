/// Reads the lines of a series from bytes that come in chunks.
///
/// Understands a header, CRLF, quoted fields, a byte order mark, blank lines, and missing values
/// (an empty field, `NaN`, `null`, `none` or `NA`). Holds one line at most.
package struct SeriesReader: Sendable {
    /// The longest line that is read, in bytes.
    package static let longestLine = 4_096
    /// How much of a bad field a fault quotes, in bytes.
    private static let longestQuote = 60

    private var line: [UInt8] = []
    /// The line that was read last, from 1.
    private(set) var lineNumber = 0
    private var isFirst = true

    /// What one line is.
    package enum Row: Sendable {
        /// The names of the columns.
        case header
        /// A time in seconds since the epoch and a value, NaN where it is missing.
        case point(time: Double, value: Double)
        /// Nothing on it.
        case blank
    }

    /// At the start of a series.
    package init() { line.reserveCapacity(128) }

    /// Reads on.
    /// - Parameters:
    ///   - bytes: The next piece of the series; may end anywhere.
    ///   - body: Called for each whole line with what it is and its bytes without the line's end.
    /// - Throws: The first line that cannot be read; those before it were handed over.
    package mutating func feed(
        _ bytes: [UInt8], _ body: (Row, [UInt8]) -> Void
    ) throws(SeriesFault) {
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                guard line.count <= Self.longestLine else {
                    throw SeriesFault(line: lineNumber + 1, problem: .length)
                }
                continue
            }
            try endLine(body)
        }
    }

    /// Reads the last line when no newline ended it.
    package mutating func finish(_ body: (Row, [UInt8]) -> Void) throws(SeriesFault) {
        if !line.isEmpty { try endLine(body) }
    }

    private mutating func endLine(_ body: (Row, [UInt8]) -> Void) throws(SeriesFault) {
        lineNumber += 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if lineNumber == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        let row = try row()
        if case .blank = row {} else { isFirst = false }
        body(row, line)
        line.removeAll(keepingCapacity: true)
    }

    private func row() throws(SeriesFault) -> Row {
        guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else {
            return .blank
        }
        guard let fields = Self.split(line) else { throw fault(.quote) }
        guard fields.count == 2 else {
            throw fault(.fields(fields.count), at: fields.last?.startIndex ?? 0)
        }
        let time = TimestampText.seconds(fields[0])
        let value = Self.value(fields[1])
        if let time, let value { return .point(time: time, value: value) }
        if isFirst, time == nil, value == nil { return .header }
        if time == nil {
            throw fault(.timestamp(Self.quote(fields[0])), at: fields[0].startIndex)
        }
        throw fault(.value(Self.quote(fields[1])), at: fields[1].startIndex)
    }

    private func fault(_ problem: SeriesFault.Problem, at index: Int = 0) -> SeriesFault {
        SeriesFault(line: lineNumber, column: index + 1, problem: problem)
    }

    static func quote(_ field: ArraySlice<UInt8>) -> String {
        let shown = field.prefix(longestQuote).map {
            $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0
        }
        return String(decoding: shown, as: UTF8.self)
    }

    /// The fields without quotes and outer blanks; nil when a quote is not closed.
    static func split(_ line: [UInt8]) -> [ArraySlice<UInt8>]? {
        var fields: [ArraySlice<UInt8>] = []
        fields.reserveCapacity(2)
        var start = 0
        var isQuoted = false
        for index in line.indices {
            if line[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard line[index] == UInt8(ascii: ","), !isQuoted else { continue }
            fields.append(bare(line[start..<index]))
            start = index + 1
        }
        fields.append(bare(line[start...]))
        return isQuoted ? nil : fields
    }

    private static func bare(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let field = trimmed(field)
        let mark = UInt8(ascii: "\"")
        guard field.count >= 2, field.first == mark, field.last == mark else { return field }
        return trimmed(field.dropFirst().dropLast())
    }

    private static func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var field = field
        while let first = field.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
            field = field.dropFirst()
        }
        while let last = field.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") {
            field = field.dropLast()
        }
        return field
    }

    /// The number, NaN when it is missing, nil when the field is neither.
    private static func value(_ field: ArraySlice<UInt8>) -> Double? {
        if let number = DecimalText.number(field) { return number }
        guard field.count <= 4 else { return nil }
        let word = String(decoding: field, as: UTF8.self).lowercased()
        return ["", "nan", "null", "none", "na"].contains(word) ? .nan : nil
    }
}
