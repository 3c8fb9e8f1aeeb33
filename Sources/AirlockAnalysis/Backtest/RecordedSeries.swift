/// A whole series that was recorded before, in memory.
package struct RecordedSeries: Sendable {
    /// The most values that are kept: 60 days of seconds.
    package static let mostValues = 5_184_000

    /// One value.
    package struct Point: Hashable, Sendable {
        /// Milliseconds since 1970.
        package let at: Int
        /// In the signal's unit; NaN where it is missing.
        package let value: Double

        package init(at: Int, value: Double) {
            self.at = at
            self.value = value
        }
    }

    /// In the order of time.
    package let points: [Point]

    /// Reads `timestamp,value` lines, as ``SeriesReader`` understands them.
    ///
    /// - Parameter scale: What a value of the file is in the signal's unit.
    /// - Throws: ``SeriesFault`` for the first line that cannot be read or is out of order.
    package init(_ bytes: [UInt8], scale: Double = 1) throws(SeriesFault) {
        var reader = SeriesReader()
        var sink = Sink(scale: scale)
        // In pieces, so that each line's number is known when it is wrong.
        var start = 0
        while start < bytes.count {
            let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1
            try reader.feed(Array(bytes[start...feed])) { row, _ in sink.add(row) }
            if let problem = sink.problem {
                throw SeriesFault(line: reader.lineNumber, problem: problem)
            }
            start = feed + 1
        }
        try reader.finish { row, _ in sink.add(row) }
        if let problem = sink.problem {
            throw SeriesFault(line: reader.lineNumber, problem: problem)
        }
        points = sink.points
    }

    /// - Parameter points: In the order of time.
    package init(points: [Point]) { self.points = points }

    private struct Sink {
        let scale: Double
        var points: [Point] = []
        var problem: SeriesFault.Problem?

        mutating func add(_ row: SeriesReader.Row) {
            guard case .point(let time, let value) = row, problem == nil else { return }
            guard abs(time) < 9e12 else {
                problem = .timestamp("\(time)")
                return
            }
            let at = Int((time * 1000).rounded())
            if let last = points.last, at <= last.at { problem = .order }
            if points.count >= RecordedSeries.mostValues {
                problem = .tooMany(RecordedSeries.mostValues)
            }
            points.append(Point(at: at, value: value * scale))
        }
    }

    /// The median distance of two values in milliseconds; nil for fewer than two.
    package var step: Int? {
        guard points.count > 1 else { return nil }
        let gaps = zip(points, points.dropFirst()).map { $1.at - $0.at }.sorted()
        return gaps[gaps.count / 2]
    }

    /// From the first to the last value, in milliseconds.
    package var length: Int {
        guard let first = points.first, let last = points.last else { return 0 }
        return last.at - first.at
    }

    /// The share of the values that are above `bound`; 0 for none.
    package func share(above bound: Double) -> Double {
        let values = points.lazy.map(\.value).filter(\.isFinite)
        let count = values.count
        return count == 0 ? 0 : Double(values.count { $0 > bound }) / Double(count)
    }
}

/// A time that people know something to have been wrong in.
package struct KnownIncident: Hashable, Sendable {
    /// Milliseconds since 1970.
    package let start: Int
    /// Not before ``start``.
    package let end: Int
    /// What it is called; empty for nothing.
    package let name: String

    package init(start: Int, end: Int, name: String = "") {
        self.start = start
        self.end = end
        self.name = name
    }

    /// Reads `start,end` or `start,end,name` lines, with or without a header.
    ///
    /// - Returns: In the order of their start.
    /// - Throws: ``SeriesFault`` for the first line that cannot be read.
    package static func read(_ bytes: [UInt8]) throws(SeriesFault) -> [KnownIncident] {
        var found: [KnownIncident] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            if let incident = try one(Array(line), line: number + 1) { found.append(incident) }
        }
        return found.sorted { ($0.start, $0.end, $0.name) < ($1.start, $1.end, $1.name) }
    }

    private static func one(_ line: [UInt8], line number: Int) throws(SeriesFault) -> KnownIncident?
    {
        var line = line
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        guard line.contains(where: { $0 != UInt8(ascii: " ") }) else { return nil }
        guard let fields = SeriesReader.split(line) else {
            throw SeriesFault(line: number, problem: .quote)
        }
        guard (2...3).contains(fields.count) else {
            throw SeriesFault(line: number, problem: .fields(fields.count))
        }
        let times = fields.prefix(2).map(TimestampText.seconds)
        if number == 1, times[0] == nil, times[1] == nil { return nil }
        for (place, time) in times.enumerated() where time.map({ abs($0) >= 9e12 }) ?? true {
            throw SeriesFault(
                line: number, column: fields[place].startIndex + 1,
                problem: .timestamp(SeriesReader.quote(fields[place])))
        }
        let (start, end) = (milliseconds(times[0]), milliseconds(times[1]))
        guard start <= end else {
            throw SeriesFault(line: number, column: fields[1].startIndex + 1, problem: .end)
        }
        let name = fields.count == 3 ? String(decoding: fields[2], as: UTF8.self) : ""
        return KnownIncident(start: start, end: end, name: name)
    }

    private static func milliseconds(_ time: Double?) -> Int { Int(((time ?? 0) * 1000).rounded()) }
}
