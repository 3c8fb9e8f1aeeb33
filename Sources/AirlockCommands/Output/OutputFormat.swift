import AirlockHost
import ArgumentParser
import Foundation
import Glibc
import Synchronization

/// In which form a verb writes its data.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case human
    case json
    case yaml
}

/// In which form a plan is written.
enum PlanFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case human
    case json
    case yaml
    case markdown
}

/// Writing data to stdout and everything else to stderr.
enum Output {
    /// Writes what a person reads to stdout; nothing in it moves the cursor or paints but ``Ink``.
    static func data(_ text: String) { write(Ink.guarded(text), to: .standardOutput) }

    /// Writes what a program reads to stdout, byte for byte: JSON, YAML, proofs, scripts.
    static func document(_ text: String) { write(text, to: .standardOutput) }

    /// Writes a line about progress or a notice to stderr; nothing in it moves the cursor or paints.
    static func note(_ text: String) { write(text.visibleLines, to: .standardError) }

    /// Writes a line of the log that a program reads to stderr, byte for byte.
    static func logLine(_ text: String) { write(text, to: .standardError) }

    /// Writes an object as JSON or YAML, with the version of its form beside its own keys.
    static func value(_ value: some Encodable, as format: OutputFormat) throws {
        try form(try JSONForm.bytes(of: value), as: format)
    }

    /// The same for an object with a long list, on all cores.
    static func value(_ value: some LongForm, as format: OutputFormat) async throws {
        try form(try await JSONForm.bytes(ofLong: value), as: format)
    }

    private static func form(_ json: Data, as format: OutputFormat) throws {
        switch format {
        case .yaml:
            document(YAMLText.text(try JSONSerialization.jsonObject(with: json)))
        case .json, .human:
            write(json, to: .standardOutput)
            write(Data("\n".utf8), to: .standardOutput)
        }
    }

    /// Writes what came of a verb: a sentence for people and programs.
    static func outcome(_ sentence: String, as format: OutputFormat) throws {
        try outcome(sentence, facts: ["message": sentence], as: format)
    }

    /// The same with facts of their own for programs.
    static func outcome(
        _ sentence: String, facts: some Encodable, as format: OutputFormat
    ) throws {
        switch format {
        case .json, .yaml: try value(facts, as: format)
        case .human: data(sentence)
        }
    }

    /// Why standard output took no more; nil as long as it does. The end of a reader is no fault.
    static var fault: String? {
        let code = outputFault.withLock { $0 }
        guard code != 0, code != EPIPE else { return nil }
        return String(cString: strerror(code))
    }

    private static let outputFault = Mutex(Int32(0))

    private static func write(_ text: String, to handle: FileHandle) {
        write(Data((text + "\n").utf8), to: handle)
    }

    /// Writes bytes to stdout as they are.
    ///
    /// - Returns: False where it takes no more.
    static func bytes(_ bytes: some ContiguousBytes) -> Bool {
        write(bytes, to: .standardOutput)
        return outputFault.withLock { $0 == 0 }
    }

    private static func write(_ bytes: some ContiguousBytes, to handle: FileHandle) {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                let count = Glibc.write(handle.fileDescriptor, rest.baseAddress, rest.count)
                if count >= 0 {
                    sent += count
                } else if errno == EAGAIN {
                    var writable = pollfd(
                        fd: handle.fileDescriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&writable, 1, -1)
                } else if errno != EINTR {
                    let code = errno
                    if handle === FileHandle.standardOutput {
                        outputFault.withLock { $0 = code }
                    }
                    return
                }
            }
        }
    }
}
