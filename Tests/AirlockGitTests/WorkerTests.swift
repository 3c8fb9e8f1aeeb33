import AirlockGit
import AirlockModel
import AirlockPorts
import Foundation
import Testing

@Suite("The fetch worker")
struct WorkerTests {
    /// A deadline that is meant to pass.
    private static let short = Duration.seconds(2)

    /// The process ids that a script worker noted.
    private func noted(_ fixture: Fixture) throws -> [Int32] {
        let path = fixture.root + "/pids"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .compactMap { Int32($0) }
    }

    private func isAlive(_ process: Int32) -> Bool { kill(process, 0) == 0 }

    @Test("a silent worker is killed at the deadline, and the next fetch has a fresh one")
    func silent() async throws {
        let fixture = try Fixture()
        let mute = fixture.root + "/mute"
        try Data().write(to: URL(fileURLWithPath: mute))
        let worker = try fixture.script(
            """
            echo $$ >> '\(fixture.root)/pids'
            if [ -e '\(mute)' ]; then exec sleep 600; fi
            exec '\(WorkerCommand.built.executable)' fetch-worker
            """)
        try await with(fixture.source(worker: worker)) { source async throws in
            await #expect(throws: SourceError.timedOut(after: Self.short)) {
                try await source.fetch(limit: Self.short)
            }
            try FileManager.default.removeItem(atPath: mute)
            let head = try fixture.head()
            #expect(try await source.fetch(limit: .ample).commit == head)
            #expect(try noted(fixture).filter(isAlive).count == 1)
        }
        #expect(try noted(fixture).allSatisfy { !isAlive($0) })
    }

    @Test("a worker that gets on has its time anew")
    func progress() async throws {
        let fixture = try Fixture()
        // Less than the four rounds together, and much more than a slow machine needs for one.
        let limit = Duration.seconds(20)
        let line = #"{"id":1,"isProgress":true,"v":3}"#
        let end = #"{"failure":{"kind":"busy","text":""},"id":1,"v":3}"#
        let worker = try fixture.script(
            """
            read order
            for round in 1 2 3 4; do sleep 6; echo '\(line)'; done
            echo '\(end)'
            """)
        try await with(fixture.source(worker: worker)) { source async throws in
            await #expect(throws: SourceError.busy) { try await source.fetch(limit: limit) }
        }
    }

    @Test("one worker serves many fetches")
    func reuse() async throws {
        let fixture = try Fixture()
        let worker = try fixture.script(
            """
            echo $$ >> '\(fixture.root)/pids'
            exec '\(WorkerCommand.built.executable)' fetch-worker
            """)
        try await with(fixture.source(worker: worker)) { source async throws in
            for number in 1...5 {
                let head = try fixture.commit("next", ["fleet.yaml": "name: n\(number)\n"])
                #expect(try await source.fetch(limit: .ample).commit == head)
            }
        }
        let processes = try noted(fixture)
        #expect(processes.count == 1)
        #expect(processes.allSatisfy { !isAlive($0) })
    }

    @Test("a worker that was killed between two fetches is replaced without an error")
    func killed() async throws {
        let fixture = try Fixture()
        let worker = try fixture.script(
            """
            echo $$ >> '\(fixture.root)/pids'
            exec '\(WorkerCommand.built.executable)' fetch-worker
            """)
        try await with(fixture.source(worker: worker)) { source async throws in
            let first = try await source.fetch(limit: .ample)
            let process = try #require(try noted(fixture).first)
            #expect(kill(process, SIGKILL) == 0)
            #expect(try await source.fetch(limit: .ample).commit == first.commit)
            #expect(try noted(fixture).count == 2)
        }
    }

    @Test(
        "a worker that ends, that talks nonsense or that never ends its line gives an error",
        arguments: [
            "exit 3", "read line; echo '{\"v\":1'", "read line; echo '{\"v\":9,\"id\":1}'",
            "read line; echo '{\"v\":1,\"id\":7}'", "read line; echo",
            "read line; head -c 2000000 /dev/zero | tr '\\0' x; exec sleep 600",
        ])
    func broken(script: String) async throws {
        let fixture = try Fixture()
        try await with(fixture.source(worker: fixture.script(script))) { source async throws in
            await #expect(
                throws: SourceError.failed("the fetch worker ended without an answer")
            ) {
                try await source.fetch(limit: .ample)
            }
        }
    }

    @Test("a worker that cannot be started is named")
    func absent() async throws {
        let fixture = try Fixture()
        let worker = WorkerCommand(executable: fixture.root + "/nothing", arguments: [])
        try await with(fixture.source(worker: worker)) { source async throws in
            do {
                _ = try await source.fetch(limit: .ample)
                Issue.record("fetched without a worker")
            } catch SourceError.failed(let text) {
                #expect(text.contains(worker.executable))
            }
        }
    }

    @Test("cancelling the asking task stops the fetch at once")
    func cancelled() async throws {
        let fixture = try Fixture()
        let worker = try fixture.script("exec sleep 600")
        try await with(fixture.source(worker: worker)) { source async throws in
            let task = Task { try await source.fetch(limit: .ample) }
            task.cancel()
            await #expect(throws: SourceError.failed("the fetch was cancelled")) {
                try await task.value
            }
        }
    }

    @Test("fetches asked at the same time are all answered")
    func together() async throws {
        let fixture = try Fixture()
        let head = try fixture.head()
        try await with(fixture.source()) { source async throws in
            try await withThrowingTaskGroup(of: CommitID.self) { group in
                for _ in 1...10 {
                    group.addTask { try await source.fetch(limit: .ample).commit }
                }
                for try await commit in group { #expect(commit == head) }
            }
        }
    }

    @Test("a closed source refuses to fetch and goes on reading")
    func closed() async throws {
        let fixture = try Fixture()
        let source = try fixture.source()
        let head = try await source.fetch(limit: .ample).commit
        await source.close()
        await #expect(throws: SourceError.failed("the fetch worker was stopped")) {
            try await source.fetch(limit: .ample)
        }
        #expect(try await source.record(of: head).id == head)
    }

    @Test(
        "the worker ends with its input, as when its parent is killed, even in the middle of a fetch"
    )
    func orphan() async throws {
        let fixture = try Fixture()
        // The lock is held, so the order cannot be finished before the input ends.
        try await withHeldLock(fixture) {
            let order = Self.order(version: 3, fixture) + "\n"
            let output = try fixture.execute(
                WorkerCommand.built.executable, ["fetch-worker"], environment: [:], input: order)
            #expect(output.isEmpty)
        }
    }

    /// An order to fetch, as the supervisor writes it.
    private static func order(version: Int, _ fixture: Fixture) -> String {
        """
        {"v":\(version),"id":1,"task":{"fetch":{"_0":{"state":"\(fixture.state)",\
        "remote":"\(fixture.origin)","branch":"main","purpose":"head","asked":0,\
        "lockPatienceMilliseconds":600000,"planAgeMilliseconds":1,"maximumObjects":9,\
        "maximumBytes":9,"access":{"tokenUser":"x","allowsInsecure":false}}}}}
        """
    }

    @Test("a worker ends with 64 at an order of another version")
    func version() throws {
        let fixture = try Fixture()
        // A pipe that is its own writer never ends, so it is the order that ends the worker.
        let worker = try fixture.script(
            """
            /usr/bin/mkfifo '\(fixture.root)/orders'
            exec 3<> '\(fixture.root)/orders'
            echo '\(Self.order(version: 9, fixture))' >&3
            '\(WorkerCommand.built.executable)' fetch-worker <&3
            echo $?
            """)
        let status = try fixture.execute(
            worker.executable, worker.arguments, environment: [:], input: nil)
        #expect(status == "64")
    }

    @Test("the mirror is busy while another process writes it, and readable all the time")
    func busy() async throws {
        let fixture = try Fixture()
        try await with(fixture.source()) { source async throws in
            let first = try await source.fetch(limit: .ample)
            try fixture.commit("second", ["fleet.yaml": "name: second\n"])
            try await withHeldLock(fixture) {
                do {
                    _ = try await source.fetch(limit: .seconds(12))
                    Issue.record("wrote without the lock")
                } catch SourceError.busy {
                } catch SourceError.timedOut {
                    Issue.record("the lock is to be given up before the deadline")
                }
                #expect(try await source.lastFetch() == first)
                #expect(try await source.record(of: first.commit).subject == "first")
            }
            let head = try fixture.head()
            #expect(try await source.fetch(limit: .ample).commit == head)
        }
    }

    @Test("the hidden verb is not shown in the help")
    func hidden() throws {
        let fixture = try Fixture()
        let help = try fixture.execute(
            WorkerCommand.built.executable, ["--help"], environment: [:], input: nil)
        #expect(!help.contains("fetch-worker"))
    }
}

/// Holds the mirror's lock as another process would.
func withHeldLock(_ fixture: Fixture, _ body: () async throws -> Void) async throws {
    let file = open(fixture.state + "/mirror.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    try #require(flock(file, LOCK_EX) == 0)
    try await body()
}
