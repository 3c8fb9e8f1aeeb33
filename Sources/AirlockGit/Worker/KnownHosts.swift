import FoundationEssentials

/// The lines of a file of known host keys that libgit2 may see.
package enum KnownHosts {
    /// One line with a key; nil for a comment, and for what is none.
    private struct Entry {
        let isMarked: Bool
        let isRevoked: Bool
        let hosts: [Substring]
        let kind: Substring
        let key: Substring

        init?(_ line: Substring) {
            var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, !first.hasPrefix("#") else { return nil }
            isMarked = first.hasPrefix("@")
            isRevoked = first == "@revoked"
            if isMarked { words.removeFirst() }
            guard words.count >= 3 else { return nil }
            hosts = words[0].split(separator: ",")
            (kind, key) = (words[1], words[2])
        }

        /// Whether libssh2 1.10 reads the key: it gives up a whole file for one line that it cannot read.
        var isReadable: Bool {
            !isMarked && kind.isPrintable && kind.utf8.count <= KnownHosts.longestKind
                && Data(base64Encoded: String(key)) != nil
                && kind.utf8.count + key.utf8.count > 20
                && key.utf8.count <= KnownHosts.longestKey
        }

        /// A line for each host; without comments, which count for the length of a line.
        var lines: [String] {
            hosts.filter { $0.isPrintable && $0.utf8.count <= KnownHosts.longestHost }
                .map { "\($0) \(kind) \(key)\n" }
        }
    }

    private static let longestHost = 255
    private static let longestKind = 100
    /// A line of libssh2 has 4,092 bytes.
    private static let longestKey = 3_600

    /// The text without what would mislead libgit2 1.5.
    ///
    /// It asks a server for the kind of key that stands first for its host, and modern servers sign with none of
    /// `ssh-rsa`, which `ssh-keyscan` lists in any place: such a line goes where the host has another kind. And it
    /// reads no marker, so a key that stands as `@revoked` goes wherever it stands. Of the rest it sees lines with a
    /// key alone.
    package static func usable(_ text: String) -> String {
        let all = text.split(whereSeparator: \.isNewline).compactMap(Entry.init)
        let revoked = Set(all.filter(\.isRevoked).map(\.key))
        let entries = all.filter { $0.isReadable && !revoked.contains($0.key) }
        let modern = Set(entries.filter { $0.kind != "ssh-rsa" }.map(\.hosts))
        return entries.filter { $0.kind != "ssh-rsa" || !modern.contains($0.hosts) }
            .flatMap(\.lines).joined()
    }
}

extension Substring {
    /// Whether it is not empty and all printable ASCII.
    fileprivate var isPrintable: Bool {
        !isEmpty && utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
