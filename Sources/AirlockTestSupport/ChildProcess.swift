package import Foundation
import Glibc
import Synchronization

/// A program that a test started, by hand.
///
/// Foundation's `Process` keeps its files open, crashes where a thousand are, and loses the end of a program
/// when many start and end at the same time. This one inherits nothing but what it is given: else it would
/// hold the pipes of other programs open, which wait for the end of their input.
package final class ChildProcess: Sendable {
    /// Where a program reads from.
    package enum Input {
        case nothing
        case file(String)
        /// What ``write(_:)`` gives it, until ``endInput()``.
        case pipe
    }

    /// Where a program writes to.
    package enum Output {
        case nothing
        /// A file, made anew.
        case file(String)
        /// What ``line()`` and ``rest()`` read.
        case pipe
        /// Of errors: where the output goes.
        case sameAsOutput
    }

    package let pid: pid_t
    private let input: Mutex<Int32?>
    private let output: Int32?
    private let status = Mutex<Int32?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: Its full path and its arguments.
    ///   - directory: Where it runs; here when nil.
    ///   - isGroup: Whether it leads a group of processes of its own.
    package init(
        _ words: [String], environment: [String: String], directory: String? = nil,
        input: Input = .nothing, output: Output = .nothing, errors: Output = .nothing,
        isGroup: Bool = false
    ) throws {
        let actions = try FileActions()
        let (reading, writing) = (try actions.add(input), try actions.add(output, as: 1))
        if case .sameAsOutput = errors {
            actions.copy(1, to: 2)
        } else {
            _ = try actions.add(errors, as: 2)
        }
        try actions.closeOthers()
        let place = directory.map { ["/usr/bin/env", "-C", $0] } ?? []
        do {
            pid = try actions.spawn(place + words, environment, isGroup: isGroup)
        } catch {
            for end in [reading, writing] { if let end { close(end) } }
            throw error
        }
        self.input = Mutex(reading)
        self.output = writing
    }

    deinit {
        endInput()
        if let output { close(output) }
    }

    /// Runs a program to its end.
    ///
    /// - Parameter input: A file that it reads; nothing when nil.
    /// - Returns: Its exit code, and what it printed, with its errors where they are not thrown away.
    package static func run(
        _ words: [String], environment: [String: String], directory: String? = nil,
        input: String? = nil, errors: Output = .sameAsOutput
    ) throws -> (status: Int32, output: String) {
        let child = try ChildProcess(
            words, environment: environment, directory: directory,
            input: input.map(Input.file) ?? .nothing, output: .pipe, errors: errors)
        let printed = child.rest()
        return (child.end(), String(decoding: printed, as: UTF8.self))
    }

    /// Gives it a text on its input.
    package func write(_ text: String) {
        input.withLock { input in
            guard let input else { return }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Ends its input.
    package func endInput() {
        input.withLock { input in
            if let open = input { close(open) }
            input = nil
        }
    }

    /// The next line that it prints, without its end; what there is when it ends before.
    package func line() -> Data {
        var line = Data()
        while let byte = read(1), byte != Data([0x0A]) { line += byte }
        return line
    }

    /// All that it prints until it closes its output.
    package func rest() -> Data {
        var all = Data()
        while let part = read(65_536) { all += part }
        return all
    }

    /// At most so many bytes; nil at the end.
    private func read(_ count: Int) -> Data? {
        guard let output else { return nil }
        var buffer = [UInt8](repeating: 0, count: count)
        while true {
            let found = Glibc.read(output, &buffer, count)
            if found < 0, errno == EINTR { continue }
            return found > 0 ? Data(buffer.prefix(found)) : nil
        }
    }

    /// Sends a signal to this process alone.
    package func signal(_ number: Int32) { kill(pid, number) }

    /// Whether it has not ended.
    package var isRunning: Bool { collect(WNOHANG) == nil }

    /// Waits until it has ended.
    ///
    /// - Returns: Its exit code, or 128 and the number of the signal that ended it.
    package func end() -> Int32 {
        let status = collect(0) ?? 0
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// What `waitpid` says of it; nil while it runs.
    private func collect(_ options: Int32) -> Int32? {
        status.withLock { known in
            if known != nil { return known }
            var found: pid_t
            var status: Int32 = 0
            repeat { found = waitpid(pid, &status, options) } while found < 0 && errno == EINTR
            if found != 0 { known = status }
            return known
        }
    }
}

/// What a new process does with its files before it begins.
private final class FileActions {
    private var files = posix_spawn_file_actions_t()
    /// Ends of pipes that the new process has; this one closes them after the start.
    private var given: [Int32] = []

    init() throws {
        posix_spawn_file_actions_init(&files)
    }

    deinit {
        posix_spawn_file_actions_destroy(&files)
        for end in given { close(end) }
    }

    /// - Returns: The end of the pipe that stays here; nil without one.
    func add(_ input: ChildProcess.Input) throws -> Int32? {
        switch input {
        case .nothing: posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        case .file(let path): posix_spawn_file_actions_addopen(&files, 0, path, O_RDONLY, 0)
        case .pipe:
            let (reading, writing) = try pipe()
            give(reading, as: 0)
            return writing
        }
        return nil
    }

    /// - Returns: The end of the pipe that stays here; nil without one.
    func add(_ output: ChildProcess.Output, as number: Int32) throws -> Int32? {
        let isNew = O_WRONLY | O_CREAT | O_TRUNC
        switch output {
        case .nothing, .sameAsOutput:
            posix_spawn_file_actions_addopen(&files, number, "/dev/null", O_WRONLY, 0)
        case .file(let path): posix_spawn_file_actions_addopen(&files, number, path, isNew, 0o644)
        case .pipe:
            let (reading, writing) = try pipe()
            give(writing, as: number)
            return reading
        }
        return nil
    }

    func copy(_ number: Int32, to other: Int32) {
        posix_spawn_file_actions_adddup2(&files, number, other)
    }

    private func give(_ end: Int32, as number: Int32) {
        given.append(end)
        copy(end, to: number)
    }

    private func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw ChildProcessError("no pipe can be made", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Closes whatever else is open. The function is in glibc since 2.34, in a part of its header that Swift
    /// does not see.
    func closeOthers() throws {
        typealias CloseFrom =
            @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
            throw ChildProcessError("this C library cannot close what a program would inherit", 0)
        }
        _ = unsafeBitCast(symbol, to: CloseFrom.self)(&files, 3)
    }

    /// Starts the process, with every signal as a new one has it.
    func spawn(
        _ words: [String], _ environment: [String: String], isGroup: Bool
    ) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(
                POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
                    | (isGroup ? POSIX_SPAWN_SETPGROUP : 0)))
        let argv = words.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &files, &attributes, argv, envp)
        guard code == 0 else { throw ChildProcessError("\(words[0]) does not start", code) }
        return pid
    }
}

/// Why a program was not started.
package struct ChildProcessError: Error, CustomStringConvertible {
    package let description: String

    fileprivate init(_ what: String, _ code: Int32) {
        description = code == 0 ? what : "\(what): \(String(cString: strerror(code)))"
    }
}
