import AirlockModel
import AirlockPorts
import Subprocess
import SystemPackage

/// Serves orders with one child process after another.
struct WorkerLoop {
    let worker: WorkerCommand

    private typealias Child = Execution<CustomWriteInput, SequenceOutput, FileDescriptorOutput>

    /// Where one order ended.
    private enum Outcome {
        case answered(Result<WorkerResult, SourceError>)
        /// The child ended or talked nonsense.
        case broke
    }

    /// Serves until the stream ends; the last child is gone when it returns.
    func serve(_ jobs: AsyncStream<FetchJob>) async {
        var carried: FetchJob?
        while true {
            var job = carried
            if job == nil { job = await jobs.first { _ in true } }
            guard let job else { return }
            carried = nil
            if let ended = job.ended {
                job.finish(.failure(ended))
            } else {
                carried = await session(startingWith: job, jobs)
            }
        }
    }

    /// Runs one child until it breaks or there are no more orders.
    ///
    /// - Returns: An order that a fresh child shall have.
    private func session(
        startingWith first: FetchJob, _ waiting: AsyncStream<FetchJob>
    ) async -> FetchJob? {
        do {
            return try await run(
                configuration, input: .inputWriter, output: .sequence, error: .currentStandardError
            ) { child in
                var lines = WorkerLines(child.standardOutput.makeAsyncIterator())
                var (job, served) = (first, 0)
                // Whatever happens, the child is not needed after this; it may be killed at any time.
                defer { kill(child) }
                while true {
                    served += 1
                    switch await serve(job, number: served, by: child, &lines) {
                    case .answered(let result): job.finish(result)
                    case .broke where served > 1 && job.ended == nil: return job as FetchJob?
                    case .broke:
                        let silent = SourceError.failed("the fetch worker ended without an answer")
                        job.finish(.failure(job.ended ?? silent))
                        return nil
                    }
                    guard let next = await waiting.first(where: { _ in true }) else { return nil }
                    job = next
                }
            }.closureResult
        } catch {
            first.finish(
                .failure(.failed("the fetch worker \(worker.executable) did not run: \(error)")))
            return nil
        }
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        // A group of its own: Ctrl-C in a terminal is the parent's to handle.
        options.processGroupID = 0
        return Configuration(
            executable: .path(FilePath(worker.executable)), arguments: Arguments(worker.arguments),
            platformOptions: options)
    }

    /// Sends one order and waits for its answer, at most until the order's deadline.
    private func serve(
        _ job: FetchJob, number: Int, by child: Child, _ lines: inout WorkerLines
    ) async -> Outcome {
        await withTaskGroup(of: Void.self) { group in
            job.whenAbandoned { kill(child) }
            group.addTask {
                while job.deadline > .now {
                    do { try await ContinuousClock().sleep(until: job.deadline) } catch {
                        return  // Answered in time.
                    }
                }
                kill(child)
            }
            defer { group.cancelAll() }
            do {
                var order = job.order
                order.id = number
                _ = try await child.standardInputWriter.write(try WorkerLine.encode(order))
                var answer: WorkerAnswer
                repeat {
                    guard let line = try await lines.next() else { return .broke }
                    answer = try WorkerLine.decode(WorkerAnswer.self, line)
                    guard answer.v == WorkerLine.version, answer.id == number else { return .broke }
                    if answer.isProgress == true { job.extend() }
                } while answer.isProgress == true
                if let failure = answer.failure {
                    return .answered(.failure(failure.error(after: job.limit)))
                }
                return answer.result.map { .answered(.success($0)) } ?? .broke
            } catch {
                return .broke
            }
        }
    }

    private func kill(_ child: Child) {
        do {
            try child.send(signal: .kill)
        } catch {
            return  // It is gone already, which is what was wanted.
        }
    }
}

/// The lines that a child writes.
private struct WorkerLines {
    private var output: SubprocessOutputSequence.Iterator
    private var buffer = LineBuffer()

    init(_ output: SubprocessOutputSequence.Iterator) { self.output = output }

    /// The next line; nil when the child ended or its line is too long.
    mutating func next() async throws -> [UInt8]? {
        while true {
            if let line = buffer.next() { return line }
            if buffer.isOverfull { return nil }
            guard let more = try await output.next() else { return nil }
            more.withUnsafeBytes { buffer.append($0) }
        }
    }
}
