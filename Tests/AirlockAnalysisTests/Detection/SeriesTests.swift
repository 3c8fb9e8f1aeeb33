import AirlockAnalysis
import Testing

/// `airlock detect` as a function of bytes.
struct SeriesTests {
    @Test("each line comes back as it was written, with a score")
    func lines() throws {
        let out = try scored("timestamp,value\n2014-04-01 00:00:00,1.50\n2014-04-01 00:05:00,2\n")
        #expect(
            out
                == "timestamp,value,score\n2014-04-01 00:00:00,1.50,0.0\n2014-04-01 00:05:00,2,0.0\n"
        )
    }

    @Test("a header is optional")
    func noHeader() throws {
        #expect(try scored("1396310400,1\n") == "1396310400,1,0.0\n")
    }

    @Test("quotes, CRLF, a byte order mark, blank lines and a missing last newline are understood")
    func quirks() throws {
        let text = "\u{FEFF}\"timestamp\",\"value\"\r\n\r\n\"2014-04-01 00:00:00\",\"1.5\"\r\n"
        let out = try scored(text + " 2014-04-01T00:05:00Z , 2 ")
        #expect(
            out == "\"timestamp\",\"value\",score\n\"2014-04-01 00:00:00\",\"1.5\",0.0\n"
                + " 2014-04-01T00:05:00Z , 2 ,0.0\n")
    }

    @Test("a missing value is a line with score 0", arguments: ["", "NaN", "nan", "null", "NA"])
    func missing(value: String) throws {
        #expect(try scored("1396310400,\(value)\n") == "1396310400,\(value),0.0\n")
    }

    @Test(
        "a line that cannot be read is named with its number, what is wrong and the right form",
        arguments: [
            ("1,2\n1,2,3\n", 2, SeriesFault.Problem.fields(3), "has 3 fields instead of 2"),
            ("1,2\nhello\n", 2, .fields(1), "has 1 field instead of 2"),
            ("t,v\n1,2\nsoon,3\n", 3, .timestamp("soon"), "`soon` is no timestamp"),
            ("2014-02-30 00:00:00,3\n", 1, .timestamp("2014-02-30 00:00:00"), "no timestamp"),
            ("1,2\n2,ten\n", 2, .value("ten"), "`ten` is no number"),
            ("1,2\n2,0x10\n", 2, .value("0x10"), "no number"),
            ("1,2\n2,inf\n", 2, .value("inf"), "no number"),
            ("1,\"2\n", 1, .quote, "not closed"),
            ("t,v\nt,v\n", 2, .timestamp("t"), "no timestamp"),
            (String(repeating: "1", count: 5_000), 1, .length, "longer than 4096 bytes"),
        ])
    func bad(text: String, line: Int, problem: SeriesFault.Problem, words: String) throws {
        let fault = #expect(throws: SeriesFault.self) { try scored(text) }
        #expect(fault?.line == line)
        #expect(fault?.problem == problem)
        #expect(fault?.sentences.contains(words) == true)
        #expect(fault?.sentences.contains("2014-04-01 00:05:00") == true)
    }

    @Test("the lines before a bad one are scored")
    func before() {
        var series = ScoredSeries()
        var out: [UInt8] = []
        #expect(throws: SeriesFault.self) {
            try series.feed(Array("1,2\n2,3\nx,y\n".utf8), into: &out)
        }
        #expect(String(decoding: out, as: UTF8.self) == "1,2,0.0\n2,3,0.0\n")
        #expect(series.pointCount == 2)
    }

    @Test("where the pieces end does not matter", arguments: [1, 2, 7, 64])
    func pieces(size: Int) throws {
        let text = noisyText(300)
        #expect(try scored(text, pieces: size) == scored(text))
    }

    @Test("a score is written so that it reads back as the same number")
    func precision() throws {
        let text = noisyText(600)
        let series = text.split(separator: "\n").compactMap { line -> (Double, Double)? in
            let fields = line.split(separator: ",").compactMap { Double($0) }
            return fields.count == 2 ? (fields[0], fields[1]) : nil
        }
        var detector = Detector()
        let expected = series.map { detector.score($0.1, at: $0.0) }
        let read = try scored(text).split(separator: "\n").compactMap { line in
            line.split(separator: ",").last.flatMap { Double($0) }
        }
        #expect(read == expected)
        #expect(Set(read).count > 300)
    }

    @Test(
        "every way to write the same moment is the same moment",
        arguments: [
            "2014-04-01 00:00:00", "2014-04-01T00:00:00Z", "2014-04-01T00:00:00.000+00:00",
            "2014-04-01 02:00:00+0200", "2014-03-31T19:00-05", "2014/04/01 00:00", "2014-04-01",
            "1396310400", "1396310400.0", "1396310400000",
        ])
    func moments(text: String) throws {
        var reader = SeriesReader()
        var times: [Double] = []
        try reader.feed(Array("\(text),1\n".utf8)) { row, _ in
            if case .point(let time, _) = row { times.append(time) }
        }
        #expect(times == [1_396_310_400])
    }

    @Test("numbers are read to the last digit")
    func numbers() throws {
        let texts = ["0.1", "-17", "+3.25", "1e3", "1.7976931348623157e308", "123456789.123456789"]
        var reader = SeriesReader()
        var values: [Double] = []
        let text = texts.map { "1,\($0)\n" }.joined()
        try reader.feed(Array(text.utf8)) { row, _ in
            if case .point(_, let value) = row { values.append(value) }
        }
        #expect(values == texts.compactMap { Double($0) })
    }

    private func noisyText(_ count: Int) -> String {
        var dice = TrialRandom(seed: 2)
        return (0..<count).map { "\(1_396_310_400 + $0 * 300),\(Double(dice.next() >> 40) / 7)\n" }
            .joined()
    }

    private func scored(_ text: String, pieces: Int = .max) throws -> String {
        var series = ScoredSeries()
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try series.feed(Array(rest.prefix(pieces)), into: &out)
            rest = rest.dropFirst(pieces)
        }
        try series.finish(into: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
