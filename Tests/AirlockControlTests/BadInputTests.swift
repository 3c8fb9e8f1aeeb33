import AirlockControl
import AirlockHost
import AirlockModel
import AirlockTestSupport
import FoundationEssentials
import Glibc
import NIOCore
import Testing

@Suite("Control sockets and bad input", .timeLimit(.minutes(10)))
struct BadInputTests {
    @Test(
        "what is no request gets an answer that says so",
        arguments: [
            ("\n", "not a control request"), ("hello\n", "not a control request"),
            ("{}\n", "not a control request"), ("[]\n", "not a control request"),
            (#"{"v":1,"id":7,"call":{"health":{}}}"# + "\n", "not a control request"),
            (#"{"v":2,"id":"x","call":{"health":{}}}"# + "\n", "version 2"),
            (#"{"v":1,"id":"","call":{"health":{}}}"# + "\n", "1 to 128 bytes"),
            (#"{"v":1,"id":"x","call":{"explode":{}}}"# + "\n", "does not know"),
            (#"{"v":1,"id":"x"}"# + "\n", "does not know"),
            (#"{"v":1,"id":"x","call":{"health":{}}}"#, "in the middle"),
        ])
    func garbage(text: String, expected: String) async throws {
        let handler = CountingHandler()
        try await Stage.withListener(handler) { path in
            let answers = try await Stage.exchange(Array(text.utf8), with: path)
            #expect(answers.count == 1)
            #expect(Stage.isFailure(answers.first, saying: expected))
        }
        #expect(handler.total == 0)
    }

    @Test("an id of 129 bytes is refused")
    func longID() async throws {
        try await Stage.withListener { path in
            let request = Stage.request(String(repeating: "i", count: 129))
            let answer = try await ControlClient.send(request, to: path)
            #expect(Stage.isFailure(answer, saying: "128 bytes"))
        }
    }

    @Test(
        "damaged lines get one answer each, and only a whole request is carried out",
        arguments: Fuzz.seeds(10))
    func fuzz(seed: Int) async throws {
        let handler = CountingHandler()
        try await Stage.withListener(handler) { path in
            var generator = SeededGenerator(seed: UInt64(20_261_123 + seed))
            let valid = Array(#"{"v":1,"id":"x","call":{"thaw":{"_0":"production"}}}"#.utf8)
            var carriedOut = 0
            for number in 0..<200 {
                var bytes = Fuzz.mutate(
                    valid, pieces: ["{", "}", "null", "\"v\":2,", "[", "1e99"], using: &generator)
                if Bool.random(using: &generator) {
                    bytes = (0..<Int.random(in: 0..<200, using: &generator)).map { _ in
                        UInt8.random(in: .min ... .max, using: &generator)
                    }
                }
                bytes.removeAll { $0 == UInt8(ascii: "\n") }
                let answers = try await Stage.exchange(bytes + [UInt8(ascii: "\n")], with: path)
                #expect(answers.count == 1, "line \(number)")
                if !Stage.isFailure(answers.first) { carriedOut += 1 }
            }
            // The same id is carried out once; other ids and scopes that are whole requests count anew.
            #expect(handler.total <= carriedOut)
            let answer = try await ControlClient.send(Stage.request("after"), to: path)
            #expect(answer.result == .done(message: "after"))
        }
    }

    @Test("a line over the limit is refused before its end has come")
    func oversized() async throws {
        try await Stage.withListener { path in
            let bytes = [UInt8](
                repeating: UInt8(ascii: " "), count: ControlRequest.maximumBytes + 1)
            let answers = try await Stage.exchange(bytes, endingInput: false, with: path)
            #expect(answers.count == 1 && Stage.isFailure(answers.first, saying: "over 1048576"))
        }
    }

    @Test("a client does not send a request over the limit")
    func oversizedRequest() async throws {
        try await Stage.withListener { path in
            let request = Stage.request(String(repeating: "i", count: ControlRequest.maximumBytes))
            await #expect(throws: ControlError.tooLarge(limit: ControlRequest.maximumBytes)) {
                try await ControlClient.send(request, to: path)
            }
        }
    }

    @Test("a half-sent request is given up after the transfer limit")
    func halfSent() async throws {
        var limits = ControlLimits()
        limits.transfer = .milliseconds(50)
        try await Stage.withListener(limits: limits) { path in
            let half = Array(#"{"v":1,"id":"x","#.utf8)
            let answers = try await Stage.exchange(half, endingInput: false, with: path)
            #expect(
                answers.count == 1 && Stage.isFailure(answers.first, saying: "no whole request"))
        }
    }

    @Test("a request under way is not bound by the transfer limit")
    func slowRequest() async throws {
        var limits = ControlLimits()
        // Long enough for a request to arrive on a busy machine.
        limits.transfer = .seconds(1)
        let gate = Gate()
        try await Stage.withListener(CountingHandler(gate: gate), limits: limits) { path in
            async let slow = ControlClient.send(Stage.request("slow"), to: path)
            await gate.visited()
            // Ends when the listener has given this one up, which takes the whole limit.
            _ = try await Stage.exchange([UInt8(ascii: "{")], endingInput: false, with: path)
            await gate.open()
            #expect(try await slow.result == .done(message: "slow"))
        }
    }

    @Test("connections over the limit are told so, and the others go on")
    func tooMany() async throws {
        var limits = ControlLimits()
        limits.connections = 1
        let gate = Gate()
        try await Stage.withListener(CountingHandler(gate: gate), limits: limits) { path in
            async let first = ControlClient.send(Stage.request("first"), to: path)
            await gate.visited()
            let second = try await Stage.exchange([], endingInput: false, with: path)
            #expect(Stage.isFailure(second.first, saying: "as many control connections"))
            await gate.open()
            #expect(try await first.result == .done(message: "first"))
        }
    }

    @Test("another user is refused with an answer that says so")
    func stranger() async throws {
        let handler = CountingHandler()
        let nobody: @Sendable (ControlPeer) -> Bool = { _ in false }
        try await Stage.withListener(handler, admission: nobody) { path in
            let answer = try await ControlClient.send(Stage.request("x"), to: path)
            #expect(Stage.isFailure(answer, saying: "uid \(geteuid()) is neither"))
        }
        #expect(handler.total == 0)
    }

    @Test("the owner and root are heard, nobody else")
    func admission() {
        let owner: UInt32 = 1000
        for (uid, isHeard) in [(1000, true), (0, true), (1001, false), (UInt32.max, false)] {
            let peer = ControlPeer(uid: uid, pid: 1)
            #expect(ControlListener.admits(peer, owner: owner) == isHeard)
        }
    }
}
