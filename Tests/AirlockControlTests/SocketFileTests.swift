import AirlockControl
import AirlockHost
import AirlockModel
import FoundationEssentials
import Glibc
import NIOCore
import Testing

@Suite("The socket file", .timeLimit(.minutes(10)))
struct SocketFileTests {
    @Test("the socket has mode 0600 whatever the umask")
    func mode() async throws {
        try await Stage.withListener { path in
            var facts = stat()
            #expect(lstat(path, &facts) == 0)
            #expect(facts.st_mode & S_IFMT == S_IFSOCK)
            #expect(facts.st_mode & 0o777 == 0o600)
        }
    }

    @Test("without a holder the client says so")
    func noHolder() async throws {
        try await Stage.withDirectory { directory in
            let path = directory + "/control.sock"
            await #expect(throws: ControlError.noHolder(path: path)) {
                try await ControlClient.send(Stage.request("x"), to: path)
            }
        }
    }

    @Test("the socket of a dead holder is no holder, and is replaced by the next one")
    func stale() async throws {
        try await Stage.withDirectory { directory in
            let path = directory + "/control.sock"
            try Self.leaveStaleSocket(at: path)
            await #expect(throws: ControlError.noHolder(path: path)) {
                try await ControlClient.send(Stage.request("x"), to: path)
            }
            let listener = ControlListener(path: path, handler: CountingHandler())
            let (listening, started) = AsyncStream.makeStream(of: Void.self)
            let running = Task { try await listener.run { started.yield() } }
            for await _ in listening { break }
            let answer = try await ControlClient.send(Stage.request("y"), to: path)
            #expect(answer.result == .done(message: "y"))
            running.cancel()
            try await running.value
        }
    }

    @Test("a live holder's socket is left alone")
    func held() async throws {
        try await Stage.withListener { path in
            let second = ControlListener(path: path, handler: CountingHandler())
            await #expect(throws: ControlError.held(path: path)) { try await second.run() }
            let answer = try await ControlClient.send(Stage.request("x"), to: path)
            #expect(answer.result == .done(message: "x"))
        }
    }

    @Test("a file that is no socket is never removed")
    func notASocket() async throws {
        try await Stage.withDirectory { directory in
            let path = directory + "/control.sock"
            try Data("mine".utf8).write(to: URL(filePath: path))
            let listener = ControlListener(path: path, handler: CountingHandler())
            await #expect(throws: ControlError.notASocket(path: path)) { try await listener.run() }
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
        }
    }

    @Test("the socket of a successor is not removed by the one that ends")
    func successor() async throws {
        try await Stage.withDirectory { directory in
            let path = directory + "/control.sock"
            let listener = ControlListener(path: path, handler: CountingHandler())
            let (listening, started) = AsyncStream.makeStream(of: Void.self)
            let running = Task { try await listener.run { started.yield() } }
            for await _ in listening { break }
            #expect(rename(path, path + ".old") == 0)
            try Self.leaveStaleSocket(at: path)
            running.cancel()
            try await running.value
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test(
        "a path over the kernel's limit is an error on both sides, and the host knows where to go")
    func pathTooLong() async throws {
        try await Stage.withDirectory { directory in
            let state = directory + "/" + String(repeating: "s", count: 100)
            let path = state + "/control.sock"
            let expected = ControlError.pathTooLong(path: path, limit: 107)
            await #expect(throws: expected) {
                try await ControlClient.send(Stage.request("x"), to: path)
            }
            let listener = ControlListener(path: path, handler: CountingHandler())
            await #expect(throws: expected) { try await listener.run() }

            let paths = SettingsPaths(environment: ["XDG_RUNTIME_DIR": directory])
            let short = try paths.controlSocket(in: state)
            #expect(short.hasPrefix(directory + "/airlock-"))
            await #expect(throws: ControlError.noHolder(path: short)) {
                try await ControlClient.send(Stage.request("x"), to: short)
            }
        }
    }

    @Test("every error is a sentence that says what to do")
    func sentences() {
        let errors: [ControlError] = [
            .noHolder(path: "/s"), .refused(path: "/s"), .closedEarly, .tooLarge(limit: 1),
            .timedOut(after: .seconds(2)), .garbled("x"), .pathTooLong(path: "/s", limit: 107),
            .held(path: "/s"), .notASocket(path: "/s"),
        ]
        for error in errors { #expect(error.description.contains("; ")) }
    }

    /// What a killed holder leaves: a bound socket that nobody listens at.
    private static func leaveStaleSocket(at path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(code == 0)
    }
}

@Suite("Lines of a stream")
struct LineBufferTests {
    @Test("lines are cut the same however the bytes arrive")
    func cutting() throws {
        let text = "one\n\ntwo three\n" + String(repeating: "x", count: 50) + "\nrest"
        for size in 1...text.utf8.count {
            var lines = LineBuffer(limit: 50)
            var found: [String] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                lines.append(ByteBuffer(bytes: rest.prefix(size)))
                rest = rest.dropFirst(size)
                while let line = try lines.next() { found.append(String(buffer: line)) }
            }
            #expect(found == ["one", "", "two three", String(repeating: "x", count: 50)])
            #expect(lines.isHalfway)
        }
    }

    @Test("one byte over the limit is refused, with or without the line end")
    func limit() {
        for end in ["", "\n"] {
            var lines = LineBuffer(limit: 4)
            lines.append(ByteBuffer(string: "12345" + end))
            #expect(throws: LineBuffer.TooLong.self) { try lines.next() }
        }
    }
}
