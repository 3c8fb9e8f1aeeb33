import AirlockGit
import AirlockPorts
import AirlockTestSupport
import Foundation
import Testing

/// A real git server on a loopback port; it ends with the test.
final class GitServer: Sendable {
    /// How a server is spoken to.
    enum Transport: String, CaseIterable, CustomTestStringConvertible {
        case path
        case file
        case http
        case https
        case ssh
        case git

        var testDescription: String { rawValue }
        /// The transports that go over a network.
        static let servers: [Transport] = [.http, .https, .ssh, .git]
    }

    let port: Int
    let url: String
    let access: RemoteAccess
    private let process: RunningServer?
    /// What an HTTP server was asked, one request a line.
    let log: String

    static let token = "sesame-4711"

    /// Serves the fixture's origin.
    init(_ transport: Transport, _ fixture: Fixture, fault: String = "", target: String = "") throws
    {
        let folder = fixture.root + "/server-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        log = folder + "/log"
        var access = RemoteAccess()
        switch transport {
        case .path, .file:
            (port, process) = (0, nil)
            url = (transport == .file ? "file://" : "") + fixture.origin
        case .http, .https:
            let token = folder + "/token"
            try Self.write(Self.token + "\n", to: token, mode: 0o600)
            access.tokenFile = token
            var arguments = [
                Self.script, fixture.root, "--token", Self.token, "--log", log, "--fault", fault,
                "--target", target,
            ]
            if transport == .https {
                try Certificates.make(in: folder, fixture)
                arguments += ["--cert", folder + "/server.pem", "--key", folder + "/server.key"]
                access.certificates = folder + "/ca.pem"
            }
            let server = try RunningServer(arguments)
            process = server
            port = try server.port()
            url = "\(transport.rawValue)://localhost:\(port)/origin/.git"
        case .ssh:
            port = try FreePort.find()
            let keys = try SecureShell(folder, port: port, fixture)
            process = try RunningServer(
                keeping: "/usr/sbin/sshd",
                ["-D", "-E", log, "-o", "LogLevel=VERBOSE", "-f", keys.configuration])
            access.sshKey = keys.clientKey
            access.knownHosts = keys.knownHosts
            url = "ssh://\(NSUserName())@127.0.0.1:\(port)\(fixture.origin)/.git"
        case .git:
            port = try FreePort.find()
            process = try RunningServer(
                keeping: "/usr/lib/git-core/git-daemon",
                [
                    "--listen=127.0.0.1", "--port=\(port)", "--base-path=\(fixture.root)",
                    "--export-all", "--enable=receive-pack", "--reuseaddr",
                ])
            url = "git://127.0.0.1:\(port)/origin/.git"
        }
        self.access = access
        try process?.waitUntilListening(on: port)
    }

    /// The repository's URL below a folder that the fault `moved` redirects.
    var movedURL: String { "http://localhost:\(port)/moved/origin/.git" }

    /// The requests so far; of `sshd`, the lines of its log.
    var requests: [String] {
        get throws {
            guard FileManager.default.fileExists(atPath: log) else { return [] }
            return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
                .map(String.init)
        }
    }

    static func write(_ text: String, to path: String, mode: Int) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("Servers/git_server.py").path
}

/// A server process; it is ended by its own id, and waited for.
final class RunningServer: Sendable {
    private let process: ChildProcess

    /// Starts a program under a keeper.
    convenience init(keeping program: String, _ arguments: [String]) throws {
        try self.init([Self.keeper, program] + arguments)
    }

    private static let keeper = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("Servers/keeper.py").path

    /// Starts a script of Python.
    init(_ arguments: [String]) throws {
        process = try ChildProcess(
            ["/usr/bin/python3"] + arguments,
            environment: [
                "PATH": "/usr/sbin:/usr/bin:/bin", "HOME": "/nonexistent",
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
            ], input: .pipe, output: .pipe)
    }

    deinit {
        process.endInput()
        _ = process.end()
    }

    /// The port that the server printed.
    func port() throws -> Int {
        let line = process.line()
        return try #require(Int(String(decoding: line, as: UTF8.self)))
    }

    /// Returns when a connection is accepted.
    func waitUntilListening(on port: Int) throws {
        for _ in 0..<2_000 {
            if FreePort.isTaken(port) { return }
            guard process.isRunning else { break }
            usleep(5_000)
        }
        throw FixtureError(text: "no server listens on port \(port)")
    }
}

/// Ports of the loopback interface.
enum FreePort {
    /// A port that nobody listens on.
    static func find() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = self.address(0)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0 else { throw FixtureError(text: "no free port") }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Whether somebody accepts connections on it.
    static func isTaken(_ port: Int) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = self.address(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}

/// An authority of the test's own and a certificate for `localhost`.
enum Certificates {
    static func make(in folder: String, _ fixture: Fixture) throws {
        func openssl(_ arguments: String...) throws {
            _ = try fixture.execute(
                "/usr/bin/openssl", arguments, environment: ["PATH": "/usr/bin:/bin"], input: nil)
        }
        try openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=test authority",
            "-keyout", folder + "/ca.key", "-out", folder + "/ca.pem")
        try openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
            folder + "/server.key", "-out", folder + "/server.csr")
        try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(
            toFile: folder + "/san", atomically: true, encoding: .utf8)
        try openssl(
            "x509", "-req", "-in", folder + "/server.csr", "-CA", folder + "/ca.pem", "-CAkey",
            folder + "/ca.key", "-CAcreateserial", "-days", "2", "-extfile", folder + "/san",
            "-out",
            folder + "/server.pem")
    }
}

/// Keys and configuration of an `sshd` that only the test's key may enter.
struct SecureShell {
    let configuration: String
    let clientKey: String
    let knownHosts: String

    init(_ folder: String, port: Int, _ fixture: Fixture) throws {
        clientKey = folder + "/client"
        configuration = folder + "/sshd_config"
        knownHosts = folder + "/known_hosts"
        for (name, kind) in [("client", "ed25519"), ("host", "ecdsa"), ("rsa", "rsa")] {
            _ = try fixture.execute(
                "/usr/bin/ssh-keygen",
                ["-q", "-t", kind, "-N", "", "-C", name, "-f", folder + "/" + name],
                environment: ["PATH": "/usr/bin:/bin"], input: nil)
        }
        let allowed = folder + "/authorized_keys"
        try FileManager.default.copyItem(atPath: clientKey + ".pub", toPath: allowed)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: allowed)
        let host = try String(contentsOfFile: folder + "/host.pub", encoding: .utf8)
            .split(separator: " ").prefix(2).joined(separator: " ")
        try "[127.0.0.1]:\(port) \(host)\n".write(
            toFile: knownHosts, atomically: true, encoding: .utf8)
        try """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(folder)/host
        AuthorizedKeysFile \(allowed)
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        UsePAM no
        StrictModes no
        PidFile \(folder)/pid
        SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*

        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        try FileManager.default.createDirectory(
            atPath: "/run/sshd", withIntermediateDirectories: true)
    }
}

extension Fixture {
    /// What a server serves, as Airlock fetches it.
    func source(
        of server: GitServer, access: RemoteAccess? = nil,
        limits: GitLimits = .standard
    ) throws -> GitSource {
        try source(remote: server.url, limits: limits, access: access ?? server.access)
    }

    /// What stopped a fetch, as a person reads it.
    func refusal(
        of server: GitServer, access: RemoteAccess? = nil,
        limits: GitLimits = .standard, limit: Duration = .ample
    ) async throws -> SourceError? {
        var found: SourceError?
        try await with(source(of: server, access: access, limits: limits)) {
            source async throws in
            do throws(SourceError) { _ = try await source.fetch(limit: limit) } catch {
                found = error
            }
        }
        return found
    }
}
