import AirlockModel
import AirlockPorts

/// Where a fleet's repository is: a folder of this machine, or a git server.
struct RemoteAddress: Hashable {
    /// How the repository is reached.
    enum Place: Hashable {
        /// An absolute path.
        case folder(String)
        case server(Server)
    }

    /// A repository on a git server.
    struct Server: Hashable {
        let scheme: Scheme
        /// A name or an address; one of version 6 without its brackets.
        let host: String
        let port: Int?
        /// The user that the URL names; only for ssh.
        let user: String?
        let url: String

        /// Whether the host is this machine.
        var isLoopback: Bool {
            host == "localhost" || host == "::1"
                || (host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || $0.isDigit })
        }
    }

    /// The ways in which a server is spoken to.
    enum Scheme: String, Hashable, CaseIterable {
        case https
        case http
        case ssh
        case git

        /// Whether what is sent can be read and changed on its way.
        var isInsecure: Bool { self == .http || self == .git }
    }

    let place: Place

    /// Reads an absolute path or a URL; nothing that could be taken for an option, a command or a
    /// password passes.
    ///
    /// - Parameter allowsInsecure: Whether `http://` and `git://` may leave this machine.
    /// - Throws: ``SourceError/unsupportedRemote(_:)``; it names no credentials.
    init(_ text: String, allowsInsecure: Bool = false) throws(SourceError) {
        guard text.utf8.count <= GitLimits.standard.pathBytes,
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw Self.unsupported(text) }
        if text.hasPrefix("/") {
            place = .folder(text)
        } else if text.lowercased().hasPrefix("file://") {
            let path = Self.decoded(String(text.dropFirst("file://".count)))
            guard let path, path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw Self.unsupported(text)
            }
            place = .folder(path)
        } else {
            let server = try Self.server(text)
            guard allowsInsecure || !server.scheme.isInsecure || server.isLoopback else {
                throw .unsupportedRemote(
                    "\(server.scheme.rawValue)://\(server.host) can be read and changed on its way; "
                        + "use https:// or ssh://, or set insecureTransport: true")
            }
            place = .server(server)
        }
    }

    private static func server(_ text: String) throws(SourceError) -> Server {
        guard let scheme = Scheme.allCases.first(where: { text.hasPrefix("\($0.rawValue)://") })
        else { throw shortForm(text) ?? unsupported(text) }
        let rest = text.dropFirst(scheme.rawValue.count + 3)
        guard let slash = rest.firstIndex(of: "/") else { throw unsupported(text) }
        let (authority, path) = (rest[..<slash], rest[slash...])
        var host = authority
        var user: String?
        if let at = authority.lastIndex(of: "@") {
            guard scheme == .ssh, authority[..<at].utf8.allSatisfy(\.isNameByte) else {
                throw .unsupportedRemote(
                    "\(shown(text)) holds credentials; name the token's file in gitTokenFile, or the "
                        + "key's in gitSSHKey, and leave them out of the URL")
            }
            user = String(authority[..<at])
            host = authority[authority.index(after: at)...]
        }
        var port: Int?
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            guard let number = Int(host[host.index(after: colon)...]), (1...65_535).contains(number)
            else { throw unsupported(text) }
            port = number
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.utf8.allSatisfy({ $0.isLowercaseHexDigit || $0 == 0x3A }) else {
                throw unsupported(text)
            }
        } else {
            guard host.utf8.allSatisfy(\.isNameByte) else { throw unsupported(text) }
        }
        let isOption = host.hasPrefix("-") || path.hasPrefix("/-") || user?.hasPrefix("-") == true
        guard !host.isEmpty, !isOption, path.count > 1, path.utf8.allSatisfy(\.isPathByte),
            !path.split(separator: "/").contains("..")
        else { throw unsupported(text) }
        return Server(scheme: scheme, host: String(host), port: port, user: user, url: text)
    }

    private static func unsupported(_ text: String) -> SourceError {
        .unsupportedRemote(
            "cannot fetch from \(shown(text)): give an absolute path (/srv/git/shop.git), "
                + "file:///srv/git/shop.git, https://git.example/shop.git, "
                + "ssh://git@git.example/shop.git, or on this machine http:// or git://")
    }

    /// What to write instead of `git@host:shop.git`, which other tools take for ssh; nil for another text.
    ///
    /// A user that is not `git` may be a token, and is not shown.
    private static func shortForm(_ text: String) -> SourceError? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        var path = text[text.index(after: colon)...]
        if path.hasPrefix("/") { path = path.dropFirst() }
        let names = text[..<colon].split(separator: "@", omittingEmptySubsequences: false)
        guard names.count <= 2, let host = names.last, !path.isEmpty, !path.hasPrefix("/"),
            path.utf8.allSatisfy(\.isPathByte),
            names.allSatisfy({
                !$0.isEmpty && !$0.hasPrefix("-") && $0.utf8.allSatisfy(\.isNameByte)
            })
        else { return nil }
        let user = names.first == "git" && names.count == 2 ? "git" : "USER"
        return .unsupportedRemote(
            "\(shown(text)) is the short form of ssh; write ssh://\(user)@\(host)/\(path)")
    }

    /// The path of a URL after `file://`, with `%41` and an own host name resolved.
    private static func decoded(_ rest: String) -> String? {
        let local = rest.hasPrefix("localhost/") ? String(rest.dropFirst("localhost".count)) : rest
        var bytes: [UInt8] = []
        var text = local.utf8[...]
        while let byte = text.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: text.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { return nil }
            bytes.append(value)
            text = text.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The text without what may be a user name, a password or a token: nothing before the last `@`, and
    /// nothing from a `?` or `#` on.
    static func shown(_ text: String) -> String {
        let all = Array(text.utf8)
        let query = all.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        let at = all.lastIndex(of: UInt8(ascii: "@"))
        // What stands before an `@` may be a password with any sign in it.
        if let at, let query, query < at { return "…" }
        let scheme = at != nil && text.hasPrefix("https://") ? "https://" : ""
        let shown = all[(at ?? all.startIndex)..<(query ?? all.endIndex)].prefix(shownBytes)
        return scheme + (at == nil ? "" : "…") + GitText.escaped(shown) + (query == nil ? "" : "…")
    }

    /// The most of a text that is shown, in bytes.
    private static let shownBytes = 200
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    private var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }

    /// A byte of a host's or a user's name.
    fileprivate var isNameByte: Bool {
        isDigit || isLetter || self == UInt8(ascii: ".") || self == UInt8(ascii: "-")
            || self == UInt8(ascii: "_")
    }

    /// A byte of a path on a server: nothing that a shell or a percent-decoder would take for more.
    fileprivate var isPathByte: Bool {
        isNameByte || self == UInt8(ascii: "/") || self == UInt8(ascii: "~")
            || self == UInt8(ascii: "+")
    }
}
