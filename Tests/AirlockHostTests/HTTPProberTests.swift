import AirlockHost
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("probes over HTTP")
struct HTTPProberTests {
    private func answer(
        _ json: String, path: String = "/health?deep=1", within: Duration = .seconds(30)
    ) async throws -> (answer: ProbeAnswer, asked: [String]) {
        let program = try ServerProgram("answers.py", files: ["answer.json": json])
        let probe = Probe(
            lane: Build.lane("production/api"), slot: Build.slot("api").id,
            endpoint: try program.address("answers"),
            check: PreviewCheck(path: path, within: within))
        let answer = await HTTPProber().answer(to: probe)
        let asked = try program.lines(of: "requests.jsonl")
        return (answer, asked.compactMap { $0["path"] as? String })
    }

    @Test("the status is told whatever it is, and the path is asked for as it is written")
    func status() async throws {
        for status in [200, 204, 404, 503] {
            let (answer, asked) = try await answer(#"{"status": \#(status)}"#)
            guard case .status(let told, let time) = answer else {
                Issue.record("no answer: \(answer)")
                return
            }
            #expect(told == status && time > .zero && asked == ["/health?deep=1"])
        }
    }

    @Test("a redirect is an answer and not followed")
    func redirect() async throws {
        let (answer, asked) = try await answer(
            #"{"status": 302, "headers": {"Location": "/elsewhere"}}"#)
        guard case .status(302, _) = answer else {
            Issue.record("not the redirect: \(answer)")
            return
        }
        #expect(asked.count == 1)
    }

    @Test("late, too large and nobody there are no answer")
    func none() async throws {
        let late = try await answer(#"{"delay": 2}"#, within: .milliseconds(100)).answer
        #expect(late == .none("no answer in 0.1 seconds"))
        let large = try await answer(#"{"body": "xxxxxxxxxxxxxxxx", "repeat": 70000}"#).answer
        #expect(large == .none("the answer is over 1048576 bytes"))
        let endpoint = try #require(HTTPAddress("http://127.0.0.1:1"))
        let nobody = await HTTPProber().answer(
            to: Probe(
                lane: Build.lane("production/api"), slot: Build.slot("api").id,
                endpoint: endpoint, check: PreviewCheck(path: "/")))
        guard case .none = nobody else {
            Issue.record("somebody is there: \(nobody)")
            return
        }
    }
}
