import AirlockModel
import AirlockPorts
import FoundationEssentials

/// What a server says to a range query, in its JSON (Prometheus HTTP API, `/api/v1/query_range`).
struct RangeAnswer: Decodable {
    /// The most series that are read.
    static let mostSeries = 4_000

    /// One series: its labels and its values by seconds since 1970.
    struct Series: Equatable {
        let labels: [String: String]
        let values: [Int: Double]
    }

    let status: String
    let errorType: String?
    let error: String?
    let warnings: [String]?
    let data: Content?

    struct Content: Decodable {
        let resultType: String
        let result: [Row]
    }

    struct Row: Decodable {
        let metric: [String: String]
        let values: [Sample]
    }

    /// `[1435781430.781, "1"]`.
    struct Sample: Decodable {
        let time: Double
        /// Not a number where the text is none.
        let value: Double

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            time = try pair.decode(Double.self)
            value = Double(try pair.decode(String.self)) ?? .nan
        }
    }

    /// Reads the body of an answer with status 200.
    ///
    /// - Throws: ``ProviderError`` for anything but the whole answer to what was asked.
    static func series(
        in body: [UInt8], on grid: SignalGrid
    ) throws(ProviderError) -> [Series] {
        let answer: RangeAnswer
        do { answer = try JSONDecoder().decode(RangeAnswer.self, from: Data(body)) } catch {
            throw .refused("the answer is not that of Prometheus to a range query")
        }
        guard answer.status == "success", let data = answer.data, data.resultType == "matrix"
        else {
            throw .refused(answer.error.map(Self.short) ?? "the answer has no matrix")
        }
        if let first = answer.warnings?.first {
            throw .refused("it answered in part: \(short(first))")
        }
        guard data.result.count <= mostSeries else {
            throw .refused(
                "the answer has \(data.result.count) series; write sum by (instance) (…)")
        }
        var series: [Series] = []
        for row in data.result { series.append(try Self.series(row, on: grid)) }
        return series
    }

    /// What a server says about a question that it did not like; nil when it says nothing that is known.
    static func fault(in body: [UInt8]) -> (type: String, text: String)? {
        do {
            let answer = try JSONDecoder().decode(RangeAnswer.self, from: Data(body))
            guard answer.status == "error", let text = answer.error else { return nil }
            return (answer.errorType ?? "", short(text))
        } catch {
            return nil
        }
    }

    private static func series(
        _ row: Row, on grid: SignalGrid
    ) throws(ProviderError) -> Series {
        var values: [Int: Double] = [:]
        for sample in row.values {
            guard sample.time.isFinite, sample.time.magnitude < 1e12,
                (grid.first...grid.last).contains(Int(sample.time)),
                Int(sample.time) % grid.step == 0
            else { throw .refused("a value is of a time that was not asked for") }
            values[Int(sample.time)] = sample.value
        }
        return Series(labels: row.metric, values: values)
    }

    private static func short(_ text: String) -> String { String(text.prefix(300)) }
}
