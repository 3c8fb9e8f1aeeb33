import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

@Suite("records are spelled as Foundation reads them")
struct JSONSpellingTests {
    private struct Inner: Codable, Hashable {
        var texts: [String: String?] = [:]
        var numbers: [[Int]] = []
    }

    private enum Choice: Codable, Hashable {
        case nothing
        case one(Inner)
        case two(Int, name: String?)
        indirect case deep(Choice)
    }

    private struct Sample: Codable, Hashable {
        var text = ""
        var flag = true
        var missing: Int?
        var small: Int8 = -8
        var large: UInt64 = .max
        var least: Int = .min
        var share = 0.1
        var tiny = 1e-300
        var whole = 3.0
        var time: Duration = .milliseconds(1_500)
        var choices: [Choice] = []
        var optionals: [Int?] = []
        var counts: [Int: Bool] = [:]
        var pairs: [[Int]: Int] = [:]
        var empty = Inner()
    }

    private func spelled(_ value: some Encodable) throws -> String {
        String(decoding: try JSONSpelling.bytes(of: value), as: UTF8.self)
    }

    @Test("whatever a record holds comes back as it was")
    func comesBack() throws {
        let inner = Inner(
            texts: ["a\"b\\c": "line\nend\u{0}\u{1F}\u{7F}", "ü€🙂\u{2028}": nil],
            numbers: [[], [1, -2]])
        let sample = Sample(
            text: "/slashes/ \"quotes\" \t",
            choices: [
                .nothing, .one(inner), .two(7, name: nil), .deep(.deep(.two(-1, name: "x"))),
            ], optionals: [1, nil, 3], counts: [1: true, -5: false], pairs: [[1, 2]: 3],
            empty: inner)
        for value in [sample, Sample()] {
            let bytes = Data(try JSONSpelling.bytes(of: value))
            #expect(try JSONDecoder().decode(Sample.self, from: bytes) == value)
            let peer = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value))
            let ours = try JSONSerialization.jsonObject(with: bytes)
            #expect((ours as? NSDictionary) == (peer as? NSDictionary))
        }
    }

    @Test("fields stand in their order, containers close where they end")
    func form() throws {
        #expect(
            try spelled(Inner(texts: ["k": "v"], numbers: [[1], [], [2, 3]]))
                == #"{"texts":{"k":"v"},"numbers":[[1],[],[2,3]]}"#)
        #expect(
            try spelled([Choice.nothing, .two(1, name: "n")])
                == #"[{"nothing":{}},{"two":{"_0":1,"name":"n"}}]"#)
        #expect(try spelled("top") == #""top""#)
        #expect(try spelled([Int]()) == "[]")
        #expect(try spelled(Int?.none) == "null")
    }

    private struct Silent: Encodable {
        func encode(to encoder: any Encoder) {}
    }

    @Test("a value that writes nothing is an empty object, as in Foundation")
    func silent() throws {
        #expect(try spelled([Silent(), Silent()]) == "[{},{}]")
    }

    @Test(
        "a number that JSON does not have is refused",
        arguments: [Double.nan, .infinity, -.infinity])
    func refused(_ number: Double) {
        #expect(throws: EncodingError.self) { try JSONSpelling.bytes(of: ["x": number]) }
        #expect(throws: EncodingError.self) { try JSONSpelling.bytes(of: [Float(number)]) }
    }
}
