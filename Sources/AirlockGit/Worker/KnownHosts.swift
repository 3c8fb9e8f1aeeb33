import FoundationEssentials

/// The lines of a file of known host keys that libgit2 may see.
package enum KnownHosts {
    /// One line with a key; nil for a comment, and for what is none: libssh2 gives up at the first such line.
    private struct Entry {
        let isMarked: Bool
        let isRevoked: Bool
        let hosts: Substring
        let kind: Substring
        let key: Substring

        init?(_ line: Substring) {
            var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, !first.hasPrefix("#") else { return nil }
            isMarked = first.hasPrefix("@")
            isRevoked = first == "@revoked"
            if isMarked { words.removeFirst() }
            guard words.count >= 3, words[0].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                words[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                Data(base64Encoded: String(words[2])) != nil
            else { return nil }
            (hosts, kind, key) = (words[0], words[1], words[2])
        }
    }

    /// The text without what would mislead libgit2 1.5.
    ///
    /// It asks a server for the kind of key that stands first for its host, and modern servers sign with none of
    /// `ssh-rsa`, which `ssh-keyscan` lists in any place: such a line goes where the host has another kind. And it
    /// reads no marker, so a key that stands as `@revoked` goes wherever it stands. Of the rest it sees lines with a
    /// key alone.
    package static func usable(_ text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let entries = lines.map(Entry.init)
        let revoked = Set(entries.compactMap { $0?.isRevoked == true ? $0?.key : nil })
        let modern = Set(
            entries.compactMap { entry in
                entry.flatMap { !$0.isMarked && $0.kind != "ssh-rsa" ? $0.hosts : nil }
            })
        return zip(lines, entries).filter { _, entry in
            guard let entry else { return false }
            return !entry.isMarked && !revoked.contains(entry.key)
                && (entry.kind != "ssh-rsa" || !modern.contains(entry.hosts))
        }.map { $0.0 + "\n" }.joined()
    }
}
