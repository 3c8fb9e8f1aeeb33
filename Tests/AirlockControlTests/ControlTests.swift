import AirlockControl
import AirlockHost
import AirlockModel
import AirlockPorts
import Glibc
import Synchronization
import Testing

@Suite("Control requests over a socket", .timeLimit(.minutes(10)))
struct ControlTests {
    @Test("a request gets its answer, and the handler learns who asked")
    func answer() async throws {
        let handler = CountingHandler()
        try await Stage.withListener(handler) { path in
            let answer = try await ControlClient.send(Stage.request("one"), to: path)
            #expect(answer == ControlAnswer(id: "one", result: .done(message: "one")))
        }
        let peers = handler.log.withLock { $0.peers }
        #expect(peers == [ControlPeer(uid: geteuid(), pid: getpid())])
    }

    @Test("connections that come while the listener ends harm nothing")
    func comesAtTheEnd() async throws {
        for _ in 0..<40 {
            var late: [Int32] = []
            try await Stage.withListener { path in
                for _ in 0..<16 { late.append(try Stage.connect(to: path)) }
            }
            for one in late { close(one) }
        }
    }

    @Test("every call arrives as it was sent")
    func calls() async throws {
        let lane = try #require(LaneID("production/checkout"))
        let calls: [ControlRequest.Call] = [
            .health, .retry(lane),
            .freeze(.lane(lane), reason: "a \"quoted\"\nreason", lasting: nil),
            .freeze(.lane(lane), reason: "é", lasting: .seconds(90)), .thaw(.lane(lane)),
            .reconcile(ReconcileRequest(wait: .milliseconds(1_500), expect: [])),
        ]
        let handler = CountingHandler(reply: { "\($0.call)" })
        try await Stage.withListener(handler) { path in
            for (number, call) in calls.enumerated() {
                let request = Stage.request("call-\(number)", call)
                let answer = try await ControlClient.send(request, to: path)
                #expect(answer.result == .done(message: "\(call)"))
            }
        }
    }

    @Test("fifty clients at once are all answered, each with its own answer")
    func concurrency() async throws {
        let handler = CountingHandler()
        try await Stage.withListener(handler) { path in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let request = Stage.request("client-\(number)")
                        let answer = try await ControlClient.send(request, to: path)
                        return answer.result == .done(message: request.id)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
        #expect(handler.total == 50)
    }

    @Test("several requests of one connection are answered in their order")
    func pipelining() async throws {
        try await Stage.withListener { path in
            let lines = (0..<20).map { #"{"v":1,"id":"r\#($0)","call":{"health":{}}}"# + "\n" }
            let answers = try await Stage.exchange(Array(lines.joined().utf8), with: path)
            #expect(answers.map(\.id) == (0..<20).map { "r\($0)" })
        }
    }

    @Test("an answer of nearly a mebibyte arrives whole")
    func largeAnswer() async throws {
        let text = String(repeating: "x", count: ControlRequest.maximumBytes - 200)
        try await Stage.withListener(CountingHandler(reply: { _ in text })) { path in
            let answer = try await ControlClient.send(Stage.request("large"), to: path)
            #expect(answer.result == .done(message: text))
        }
    }

    @Test("an answer over a mebibyte is replaced by one that says so")
    func oversizedAnswer() async throws {
        let text = String(repeating: "x", count: ControlRequest.maximumBytes)
        try await Stage.withListener(CountingHandler(reply: { _ in text })) { path in
            let answer = try await ControlClient.send(Stage.request("large"), to: path)
            #expect(Stage.isFailure(answer, saying: "was carried out"))
        }
    }

    @Test("a request sent twice is carried out once and answered twice")
    func repeated() async throws {
        let handler = CountingHandler()
        try await Stage.withListener(handler) { path in
            let first = try await ControlClient.send(Stage.request("again"), to: path)
            let second = try await ControlClient.send(Stage.request("again"), to: path)
            #expect(first == second)
        }
        #expect(handler.total == 1)
    }

    @Test("a repeat while the first is under way waits for the same answer")
    func repeatedUnderWay() async throws {
        let gate = Gate()
        let handler = CountingHandler(gate: gate)
        try await Stage.withListener(handler) { path in
            async let first = ControlClient.send(Stage.request("slow"), to: path)
            await gate.visited()
            async let second = ControlClient.send(Stage.request("slow"), to: path)
            async let third = ControlClient.send(Stage.request("slow"), to: path)
            // While these wait, other requests are answered: nothing is blocked.
            let other = try await ControlClient.send(
                Stage.request("slow", .reconcile(ReconcileRequest())), to: path)
            #expect(Stage.isFailure(other, saying: "same id"))
            await gate.open()
            let answers = try await [first, second, third]
            #expect(Set(answers) == [ControlAnswer(id: "slow", result: .done(message: "slow"))])
        }
        #expect(handler.total == 1)
    }

    @Test("only the last answers are remembered")
    func forgetting() async throws {
        var limits = ControlLimits()
        limits.rememberedAnswers = 3
        let handler = CountingHandler()
        try await Stage.withListener(handler, limits: limits) { path in
            for id in ["a", "b", "c", "d", "d", "b", "a"] {
                _ = try await ControlClient.send(Stage.request(id), to: path)
            }
        }
        #expect(handler.log.withLock { $0.calls } == ["a": 2, "b": 1, "c": 1, "d": 1])
    }

    @Test("a client that goes away does not stop what it asked for, and may ask again")
    func clientGone() async throws {
        let gate = Gate()
        let handler = CountingHandler(gate: gate)
        try await Stage.withListener(handler) { path in
            let client = Task { try await ControlClient.send(Stage.request("lost"), to: path) }
            await gate.visited()
            client.cancel()
            await #expect(throws: ControlError.cancelled) { try await client.value }
            async let again = ControlClient.send(Stage.request("lost"), to: path)
            await gate.open()
            let answer = try await again
            #expect(answer.result == .done(message: "lost"))
        }
        #expect(handler.total == 1)
    }

    @Test("a client waits no longer than its deadline")
    func deadline() async throws {
        let gate = Gate()
        try await Stage.withListener(CountingHandler(gate: gate)) { path in
            await #expect(throws: ControlError.timedOut(after: .milliseconds(30))) {
                try await ControlClient.send(
                    Stage.request("late"), to: path, deadline: .milliseconds(30))
            }
            await gate.open()
        }
    }

    @Test("a listener that ends answers what is under way first")
    func gracefulEnd() async throws {
        try await Stage.withDirectory { directory in
            let path = directory + "/control.sock"
            let gate = Gate()
            let listener = ControlListener(path: path, handler: CountingHandler(gate: gate))
            let (listening, started) = AsyncStream.makeStream(of: Void.self)
            let running = Task { try await listener.run { started.yield() } }
            for await _ in listening { break }
            async let answer = ControlClient.send(Stage.request("last"), to: path)
            await gate.visited()
            running.cancel()
            await gate.open()
            #expect(try await answer.result == .done(message: "last"))
            try await running.value
            await #expect(throws: ControlError.noHolder(path: path)) {
                try await ControlClient.send(Stage.request("late"), to: path)
            }
        }
    }
}
