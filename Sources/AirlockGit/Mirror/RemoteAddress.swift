import AirlockPorts

/// Where a fleet's repository is: in this version a folder of this machine.
struct RemoteAddress: Hashable {
    /// The absolute path that git opens.
    let path: String

    /// Reads an absolute path or a `file://` URL.
    ///
    /// - Throws: ``SourceError/unsupportedRemote(_:)`` for anything else; it names no credentials.
    init(_ text: String) throws(SourceError) {
        let found: String?
        if text.hasPrefix("/") {
            found = text
        } else if text.lowercased().hasPrefix("file://") {
            found = Self.decoded(String(text.dropFirst("file://".count)))
        } else {
            found = nil
        }
        guard let found, found.hasPrefix("/"), found.utf8.count <= GitLimits.standard.pathBytes,
            found.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw .unsupportedRemote(
                "cannot fetch from \(Self.shown(text)): this version fetches from an absolute "
                    + "local path (/srv/git/shop.git) or a file:// URL (file:///srv/git/shop.git); "
                    + "clone the repository to this machine and give that path")
        }
        path = found
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

    /// The text without what may be a user name and a password.
    private static func shown(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(200))
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return GitText.escaped(bytes) }
        let scheme = text.hasPrefix("https://") ? "https://" : ""
        return GitText.escaped(scheme.utf8) + "…" + GitText.escaped(bytes[at...])
    }
}
