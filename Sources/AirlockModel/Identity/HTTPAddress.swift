/// Where a server speaks HTTP: `https://prometheus.example:9090/team`, without a slash at the end.
///
/// Never holds a name, a password, a query or a fragment.
package struct HTTPAddress: TextIdentity {
    package static let noun = "address of an HTTP server"

    package let description: String
    /// A name or an address; of IPv6 without its brackets.
    package let host: String
    /// Whether what is sent can be read on the way.
    package let isPlain: Bool

    /// Returns nil unless `text` is `http://` or `https://`, a host, and at most a port and a path.
    package init?(_ text: String) {
        guard text.utf8.count <= 255, let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon]
        guard scheme == "http" || scheme == "https", text[colon...].hasPrefix("://") else {
            return nil
        }
        let rest = text[colon...].dropFirst(3)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard path.isEmpty || path.count > 1 && path.last != "/",
            path.utf8.allSatisfy(Self.isOfPath), let host = Self.host(of: authority)
        else { return nil }
        description = text
        self.host = host
        isPlain = scheme == "http"
    }

    /// Whether what is sent stays on this machine.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The grammar as a regular expression that JSON Schema (ECMA 262) understands.
    package static let pattern =
        "^https?://([A-Za-z0-9.-]{1,253}|\\[[0-9a-fA-F:.]{2,45}\\])(:[0-9]{1,5})?"
        + "(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?$"

    private static func host(of authority: Substring) -> String? {
        let host: Substring
        let port: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[..<end].dropFirst()
            port = authority[end...].dropFirst()
            guard (2...45).contains(host.utf8.count),
                host.utf8.allSatisfy({ Self.isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E })
            else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            port = authority.dropFirst(host.count)
            guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(Self.isOfName) else {
                return nil
            }
        }
        guard port.isEmpty || port.first == ":" && UInt16(port.dropFirst()) != nil else {
            return nil
        }
        return String(host)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte)
            || (0x61...0x66).contains(byte)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x2D || byte == 0x2E
    }

    private static func isOfPath(_ byte: UInt8) -> Bool {
        isOfName(byte) || byte == 0x2F || byte == 0x5F || byte == 0x7E
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.description == right.description
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
