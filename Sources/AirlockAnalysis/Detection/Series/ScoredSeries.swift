/// A series on its way through a detector: bytes in, the same lines with a score each out.
///
/// A header gets the column `score`; blank lines are left out. Timestamp and value stay as they
/// were written; the score is the shortest text that reads back as the same number.
package struct ScoredSeries: Sendable {
    private var reader = SeriesReader()
    private var detector: Detector

    /// How many points have been scored.
    package private(set) var pointCount = 0

    /// At the start of a series.
    package init(sensitivity: Sensitivity = .standard) {
        detector = Detector(sensitivity: sensitivity)
    }

    /// Scores the lines that `bytes` complete.
    /// - Parameters:
    ///   - bytes: The next piece of the series; may end anywhere.
    ///   - output: Gets the scored lines, also those before a line that cannot be read.
    package mutating func feed(
        _ bytes: [UInt8], into output: inout [UInt8]
    ) throws(SeriesFault) {
        var lines = ScoredLines(detector: detector, output: output)
        output = []
        defer { take(lines, into: &output) }
        try reader.feed(bytes) { lines.add($0, $1) }
    }

    /// Scores the last line when no newline ended it.
    package mutating func finish(into output: inout [UInt8]) throws(SeriesFault) {
        var lines = ScoredLines(detector: detector, output: output)
        output = []
        defer { take(lines, into: &output) }
        try reader.finish { lines.add($0, $1) }
    }

    private mutating func take(_ lines: ScoredLines, into output: inout [UInt8]) {
        detector = lines.detector
        output = lines.output
        pointCount += lines.count
    }
}

/// Lines of one piece.
private struct ScoredLines {
    var detector: Detector
    var output: [UInt8]
    var count = 0

    mutating func add(_ row: SeriesReader.Row, _ line: [UInt8]) {
        switch row {
        case .blank: return
        case .header:
            output += line
            output += Array(",score\n".utf8)
        case .point(let time, let value):
            count += 1
            let score = detector.score(value, at: time)
            output += line
            output.append(UInt8(ascii: ","))
            output += score.description.utf8
            output.append(UInt8(ascii: "\n"))
        }
    }
}
