import AirlockPorts
import FoundationEssentials
import Glibc

/// Reads what lets Airlock in, in the child that fetches.
enum AccessFiles {
    /// Bytes of a token or a key at the most.
    private static let secretBytes = 64 << 10
    /// Bytes of a file of known hosts at the most.
    private static let knownHostsBytes = 16 << 20

    /// The token for https and http; nil when there is none.
    ///
    /// - Throws: ``SourceError/failed(_:)`` when its file cannot be read or is empty.
    static func token(_ access: RemoteAccess) throws(SourceError) -> Secret? {
        if let path = access.tokenFile {
            let text = try secretText(path, "the token").trimmingSuffix(while: \.isWhitespace)
            guard !text.isEmpty else { throw .failed("\(path) is empty; write the token into it") }
            return try secret(text, from: path)
        }
        guard let value = getenv(RemoteAccess.tokenVariable), value.pointee != 0 else { return nil }
        let text = String(cString: value).trimmingSuffix(while: \.isWhitespace)
        guard !text.isEmpty else {
            throw .failed("\(RemoteAccess.tokenVariable) holds nothing but blanks")
        }
        return try secret(text, from: RemoteAccess.tokenVariable)
    }

    /// A token goes into one line of a request, so what is in its place is none if it has more.
    private static func secret(
        _ text: Substring, from place: String
    ) throws(SourceError) -> Secret {
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw .failed(
                "\(place) holds more than a token: a second line, or a control character; write the token "
                    + "alone into it")
        }
        return Secret(String(text))
    }

    /// Checks the key file before it is offered to a server.
    ///
    /// - Throws: ``SourceError/failed(_:)`` with the way out: others can read it, it has a passphrase,
    ///   or it is an RSA key, which libssh2 1.10 can only sign with SHA-1.
    static func checkKey(_ path: String) throws(SourceError) {
        let text = try secretText(path, "the key")
        let form = "make one with `ssh-keygen -t ed25519 -N '' -f \(path)`"
        if text.contains("BEGIN RSA PRIVATE KEY") { throw .failed(rsa(path, form)) }
        guard text.contains("BEGIN OPENSSH PRIVATE KEY") else {
            if text.contains("BEGIN EC PRIVATE KEY") {
                guard text.contains("ENCRYPTED") else { return }
                throw .failed(passphrase(path, form))
            }
            throw .failed("\(path) is not a private key of OpenSSH; \(form)")
        }
        let base64 = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
            .joined()
        guard let bytes = Data(base64Encoded: base64) else {
            throw .failed("\(path) is not a private key of OpenSSH; \(form)")
        }
        // PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, number of keys, first public key.
        var fields = WireFields(bytes.dropFirst("openssh-key-v1\0".utf8.count))
        let cipher = fields.next()
        _ = (fields.next(), fields.next(), fields.skip(4))
        var key = WireFields(fields.next())
        let kind = String(decoding: key.next(), as: UTF8.self)
        guard String(decoding: cipher, as: UTF8.self) == "none" else {
            throw .failed(passphrase(path, form))
        }
        if kind == "ssh-rsa" { throw .failed(rsa(path, form)) }
    }

    private static func passphrase(_ path: String, _ form: String) -> String {
        "\(path) has a passphrase, and nobody is there to type it; \(form)"
    }

    private static func rsa(_ path: String, _ form: String) -> String {
        "\(path) is an RSA key, which the libssh2 of this machine can only use with SHA-1, and servers "
            + "refuse that; \(form)"
    }

    /// Makes a home for libssh2 in which the trusted host keys are, and nothing else.
    ///
    /// - Returns: The home's path.
    static func prepareHome(
        _ access: RemoteAccess, state: String, ownHome: String?
    ) throws(SourceError) -> String {
        let known = access.knownHosts ?? ownHome.map { $0 + "/.ssh/known_hosts" }
        guard let known, let text = try readText(known, bytes: knownHostsBytes) else {
            throw .failed(
                "there is no file of known host keys\(known.map { " at \($0)" } ?? ""); write it with "
                    + "`ssh-keyscan`, compare the fingerprints, and name it in gitKnownHosts")
        }
        let usable = KnownHosts.usable(text)
        guard !usable.isEmpty else {
            throw .failed(
                "\(known) holds no host key that the server could be known by; write it with `ssh-keyscan` "
                    + "and compare the fingerprints")
        }
        let folder = "\(state)/fetch-home/.ssh"
        for path in ["\(state)/fetch-home", folder] where mkdir(path, 0o700) != 0 {
            guard errno == EEXIST else { throw StateFile.failure("make", path) }
        }
        do {
            try Data(usable.utf8).write(
                to: URL(filePath: "\(folder)/known_hosts"), options: .atomic)
        } catch {
            throw .failed("\(folder)/known_hosts cannot be written: \(error)")
        }
        return "\(state)/fetch-home"
    }

    /// The text of a file that nobody else may read.
    private static func secretText(_ path: String, _ what: String) throws(SourceError) -> String {
        var info = stat()
        guard stat(path, &info) == 0 else {
            throw .failed(
                "\(what) cannot be read from \(path): \(String(cString: strerror(errno)))")
        }
        guard info.st_mode & 0o077 == 0 else {
            throw .failed("others can read \(path); run `chmod 600 \(path)`")
        }
        guard let text = try readText(path, bytes: secretBytes) else {
            throw .failed("\(path) cannot be read")
        }
        return text
    }

    /// The text of a file; nil when it is not there.
    private static func readText(
        _ path: String, bytes maximum: Int
    ) throws(SourceError) -> String? {
        // Without waiting: nobody writes to what is no file.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw StateFile.failure("open", path)
        }
        defer { close(file) }
        var info = stat()
        guard fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw .failed("\(path) is no file")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &piece, piece.count)
            guard count >= 0 else { throw StateFile.failure("read", path) }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
            guard bytes.count <= maximum else {
                throw .failed("\(path) is over \(maximum >> 10) KiB")
            }
        }
    }
}

/// The length-prefixed fields of SSH's wire format (RFC 4251 section 5, `string`).
private struct WireFields {
    private var rest: Data.SubSequence

    init(_ bytes: some DataProtocol) { rest = Data(bytes)[...] }

    /// The next field; empty when there is none.
    mutating func next() -> Data {
        guard rest.count >= 4 else { return Data() }
        let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(4)
        guard length <= rest.count else { return Data() }
        defer { rest = rest.dropFirst(length) }
        return Data(rest.prefix(length))
    }

    mutating func skip(_ count: Int) { rest = rest.dropFirst(count) }
}

extension String {
    fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
