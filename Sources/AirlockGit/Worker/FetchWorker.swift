import AirlockPorts
@preconcurrency import Dispatch
import Glibc
import Synchronization

/// The child process that fetches, because libgit2 1.5 has no network timeout and cannot be stopped.
///
/// It reads one order per line from standard input and answers each on standard output. It lives as
/// long as its parent: the input ends when the parent dies, a thread of its own sees that even while
/// a fetch hangs, and the process ends at once. (`PR_SET_PDEATHSIG` would not do: it follows the
/// parent's *thread*, and the threads that start processes come and go.) A kill at any moment is
/// safe: packs, references and the record are each replaced in one step.
package enum FetchWorker {
    /// Bytes of memory that the worker may have.
    static let maximumMemory = 1 << 30

    /// The order that is carried out.
    private static let current = Mutex(0)

    /// Serves until the input ends, which ends the process with 0; a broken line ends it with 64.
    package static func run() async -> Int32 {
        umask(0o077)
        // The parent decides when this process ends, not the terminal they may share.
        signal(SIGINT, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        // A server that advertises without end meets this and not the machine's memory. Packs are mapped
        // from files and do not count.
        let bytes = rlim_t(maximumMemory)
        var memory = rlimit(rlim_cur: bytes, rlim_max: bytes)
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &memory)
        for await line in lines(of: STDIN_FILENO) {
            guard let answer = answer(to: line), send(answer) else { return EX_USAGE }
        }
        return EX_OK
    }

    private static func answer(to line: [UInt8]) -> [UInt8]? {
        do {
            let order = try WorkerLine.decode(WorkerOrder.self, line)
            guard order.v == WorkerLine.version else { return nil }
            current.withLock { $0 = order.id }
            var answer = WorkerAnswer(id: order.id)
            do throws(SourceError) {
                answer.result = try carryOut(order.task)
            } catch {
                answer.failure = WorkerAnswer.Failure(error)
            }
            return try WorkerLine.encode(answer)
        } catch {
            return nil
        }
    }

    /// Answers the order that is carried out, and ends the process in the middle of it.
    ///
    /// For what libgit2 can be stopped from in no other way; the next order gets another worker.
    static func end(with error: SourceError) -> Never {
        var answer = WorkerAnswer(id: current.withLock { $0 })
        answer.failure = WorkerAnswer.Failure(error)
        do {
            _exit(send(try WorkerLine.encode(answer)) ? EX_OK : EX_USAGE)
        } catch {
            _exit(EX_USAGE)
        }
    }

    /// Says that the order that is carried out gets on; whoever waits for it waits longer then.
    static func tellProgress() {
        var answer = WorkerAnswer(id: current.withLock { $0 })
        answer.isProgress = true
        do { _ = send(try WorkerLine.encode(answer)) } catch { return }
    }

    private static func carryOut(
        _ task: WorkerOrder.Task
    ) throws(SourceError) -> WorkerResult {
        switch task {
        case .fetch(let request): try MirrorFetch.run(request)
        case .push(let request): WorkerResult(commit: try RemotePush.run(request))
        case .readLog(let request): try RemoteLog.read(request)
        }
    }

    /// The lines of a file; its end ends the process.
    private static func lines(of file: Int32) -> AsyncStream<[UInt8]> {
        let (stream, lines) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .bufferingOldest(16))
        DispatchQueue(label: "airlock.fetch-worker.input").async {
            var buffer = LineBuffer()
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(file, &chunk, chunk.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { _exit(EX_OK) }
                buffer.append(chunk[..<count])
                while let line = buffer.next() { lines.yield(line) }
                if buffer.isOverfull { _exit(EX_USAGE) }
            }
        }
        return stream
    }

    private static func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
